// What became of the operations of a batch: each as its single route would answer, with its place beside it (API.md §4).
import { AppError, assert, ERRORS, type ErrorContext } from '../domain/errors.ts'
import type { BatchRefusal, OperationAnswer } from '../services/batch-service.ts'
import { captureOf, type HoldAnswer, type OpenedWallet, type PostedRows } from '../services/first-answers.ts'
import type { Operation } from '../services/operations.ts'
import {
  HOLD_CHANGE_MESSAGES,
  presentCapture,
  presentConsumption,
  presentHoldChange,
  presentMovement,
  presentPlacedHold,
  presentTransfer,
  presentWalletAnswer,
} from './presenters-answers.ts'
import { appErrorOf, problemOf, validationFailed } from './problem.ts'
import type { BatchBody, BatchResultBody } from './schemas/batch.ts'

/** The answer to a batch that was tried. */
export function presentBatch(
  operations: readonly Operation[],
  outcomes: readonly (OperationAnswer | Error)[],
  { atomic, requestId }: { readonly atomic: boolean; readonly requestId: string },
): BatchBody {
  let failed = 0
  const results = operations.map((operation, index): BatchResultBody => {
    const outcome = outcomes[index]
    assert(outcome, 'every operation has an outcome')
    if (!(outcome instanceof Error)) return presentSuccess(operation.kind, index, outcome)
    failed += 1
    return presentRefusal(operation.kind, index, { error: outcome, requestId })
  })
  const count = operations.length
  const succeeded = count - failed
  const message = `${succeeded} of ${count} operations succeeded`
  return { success: failed === 0, message, atomic, count, succeeded, failed, results }
}

function presentSuccess(operation: Operation['kind'], index: number, answer: OperationAnswer): BatchResultBody {
  const { replayed } = answer
  switch (operation) {
    case 'consume':
      return { index, operation, status: 200, replayed, ...presentConsumption(rowsIn(answer)) }
    case 'deposit':
      return { index, operation, status: 200, replayed, ...presentMovement(rowsIn(answer), 'Deposited') }
    case 'reward':
      return { index, operation, status: 200, replayed, ...presentMovement(rowsIn(answer), 'Rewarded') }
    case 'withdraw':
      return { index, operation, status: 200, replayed, ...presentMovement(rowsIn(answer), 'Withdrew') }
    case 'refund':
      return { index, operation, status: 200, replayed, ...presentMovement(rowsIn(answer), 'Refunded') }
    case 'transfer':
      return { index, operation, status: 200, replayed, ...presentTransfer(rowsIn(answer)) }
    case 'place_hold':
      return { index, operation, status: 201, replayed, ...presentPlacedHold(holdIn(answer)) }
    case 'capture_hold':
      return { index, operation, status: 200, replayed, ...presentCapture(captureOf(holdIn(answer))) }
    case 'void_hold':
    case 'extend_hold':
      return {
        index,
        operation,
        status: 200,
        replayed,
        ...presentHoldChange(holdIn(answer), HOLD_CHANGE_MESSAGES[operation]),
      }
    case 'create_wallet': {
      const opened = presentWalletAnswer(walletIn(answer).wallet, 'Wallet created successfully')
      return { index, operation, status: 200, replayed, ...opened }
    }
  }
}

function rowsIn(answer: OperationAnswer): PostedRows {
  assert('rows' in answer, 'a movement answers with rows')
  return answer
}

function holdIn(answer: OperationAnswer): HoldAnswer {
  assert('hold' in answer, 'an operation on a hold answers with it')
  return answer
}

function walletIn(answer: OperationAnswer): OpenedWallet {
  assert('wallet' in answer, 'a creation answers with a wallet')
  return answer
}

function presentRefusal(
  operation: Operation['kind'],
  index: number,
  { error, requestId }: { readonly error: Error; readonly requestId: string },
): BatchResultBody {
  const { errors, ...body } = problemOf(atOperation(appErrorOf(error), index), requestId).body
  const faults = errors?.map(({ loc, type, msg }) => ({ loc: [...loc], type, msg }))
  return { index, operation, replayed: false, ...body, ...(faults && { errors: faults }) }
}

/** Faults are named as validation would have named them: by the operation's place. */
function atOperation(error: AppError, index: number): AppError {
  if (error.faults.length === 0) return error
  return validationFailed(
    error.faults.map(({ loc, ...fault }) => ({ ...fault, loc: ['body', 'operations', index, ...loc.slice(1)] })),
  )
}

/**
 * The error of a batch of which nothing was done: that of the first operation that was refused, with its `index`, and in
 * `results` what became of each.
 */
export function batchError(operations: readonly Operation[], { index, refusal }: BatchRefusal): AppError {
  const error = atOperation(appErrorOf(refusal), index)
  const { code, message, faults, context, cause } = error
  const { status, title, retryable } = ERRORS[code]
  const refused = { ...context, status, code, title, detail: message, message, retryable }
  const results = operations.map(({ kind: operation }, place): ErrorContext => {
    const outcome = place === index ? 'refused' : 'not_applied'
    return { index: place, operation, success: false, outcome, ...(place === index && refused) }
  })
  return new AppError(code, message, { context: { ...context, index, results }, faults, cause })
}
