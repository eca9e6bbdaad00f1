// Many operations in one request (API.md §4): each for itself, or all or none. What an operation is and does is the same as in
// the single routes; here they are made into commands together, posted together, and their answers gathered in order.
import { type Command, isAboutHolds } from '../domain/command.ts'
import { assert } from '../domain/errors.ts'
import type { Hold, HoldId } from '../domain/hold.ts'
import { holdNotFound, transactionNotFound } from '../domain/refusals.ts'
import type { WalletId } from '../domain/wallet.ts'
import type { HistoryRepository } from '../repositories/history-repository.ts'
import type { HoldRepository } from '../repositories/hold-repository.ts'
import type { WalletRepository } from '../repositories/wallet-repository.ts'
import { captureCommand, creationCommand, extensionCommand, refundCommand, voidCommand } from './commands.ts'
import { CreationChecks } from './creation-checks.ts'
import {
  FirstAnswers,
  holdAnswer,
  type HoldAnswer,
  openedWallet,
  type OpenedWallet,
  postedRows,
  type PostedRows,
} from './first-answers.ts'
import { commandOf, type LookingOperation, needsLookUp, type Operation } from './operations.ts'
import type { Asker, OwnerChecks } from './owner-checks.ts'
import type { Result } from './posting-flush.ts'
import type { Poster, Posting } from './posting-queue.ts'

/** What an operation answers when it succeeds. */
export type OperationAnswer = PostedRows | OpenedWallet | HoldAnswer

/** Of a batch of which all or nothing is done: the first operation that was refused, because of which nothing was. */
export class BatchRefusal extends Error {
  readonly index: number
  readonly refusal: Error

  constructor(index: number, refusal: Error) {
    super(`Operation ${index} was refused`, { cause: refusal })
    this.name = 'BatchRefusal'
    this.index = index
    this.refusal = refusal
  }
}

export interface BatchServiceOptions {
  readonly postings: Poster
  readonly wallets: WalletRepository
  readonly history: HistoryRepository
  readonly holds: HoldRepository
  /** As of the wallet service. */
  readonly owners?: Pick<OwnerChecks, 'refusalOf'> | null
}

/** Does many operations at once. */
export class BatchService {
  readonly #postings: Poster
  readonly #history: HistoryRepository
  readonly #holds: HoldRepository
  readonly #creations: CreationChecks
  readonly #answers: FirstAnswers

  constructor(options: BatchServiceOptions) {
    this.#postings = options.postings
    this.#history = options.history
    this.#holds = options.holds
    this.#creations = new CreationChecks(options)
    this.#answers = new FirstAnswers(options)
  }

  /**
   * Does each operation for itself, in order: what becomes of one says nothing of the others. Gives an answer or what it was
   * refused with for each. Throws `overloaded` when none could be tried.
   */
  async runEach(operations: readonly Operation[], asker: Asker = {}): Promise<readonly (OperationAnswer | Error)[]> {
    const prepared = await this.#commandsOf(operations, asker)
    const commands = prepared.flatMap((command) => (command instanceof Error ? [] : [command]))
    const answers = await this.#answersTo(commands, await this.#postings.postEach(commands))
    const inOrder = answers.values()
    return prepared.map((command) => (command instanceof Error ? command : (inOrder.next().value ?? NOT_LOOKED_UP)))
  }

  /**
   * Does all of the operations or none, in order, in one database transaction; each finds what the ones before it left. What can
   * be refused before wallets are locked (an unknown transaction or hold, an owner) is refused first.
   * Throws `BatchRefusal`, and what keeps all of them from being tried or leaves open whether they happened: `overloaded`,
   * `wallet_busy`, `database_unavailable`, `outcome_unknown`.
   */
  async runTogether(operations: readonly Operation[], asker: Asker = {}): Promise<readonly OperationAnswer[]> {
    const prepared = await this.#commandsOf(operations, asker)
    const commands = prepared.map((command, index) => {
      if (command instanceof Error) throw new BatchRefusal(index, command)
      return command
    })
    const results = await this.#postings.postTogether(commands)
    results.forEach((result, index) => {
      if (result instanceof Error) throw result
      if (result.kind === 'refused') throw new BatchRefusal(index, result.error)
    })
    const answers = await this.#answersTo(commands, results)
    return answers.map((answer) => {
      if (answer instanceof Error) throw answer
      return answer
    })
  }

  /** The command of each operation, or why there is none. Look-ups are made together. */
  async #commandsOf(operations: readonly Operation[], asker: Asker): Promise<(Command | Error)[]> {
    const lookUps: Promise<void>[] = []
    const commands: (Command | Error)[] = []
    operations.forEach((operation, index) => {
      if (!needsLookUp(operation)) {
        commands.push(commandOf(operation))
        return
      }
      commands.push(NOT_LOOKED_UP)
      const lookUp = async (): Promise<void> => {
        commands[index] = await this.#lookedUp(operation, asker).catch(errorOf)
      }
      lookUps.push(lookUp())
    })
    await Promise.all(lookUps)
    return commands
  }

  async #lookedUp(operation: LookingOperation, asker: Asker): Promise<Command> {
    const { key } = operation
    switch (operation.kind) {
      case 'refund': {
        const original = await this.#history.findTransaction(operation.transactionId)
        if (!original) throw transactionNotFound(operation.transactionId)
        return refundCommand(original, operation.request, key)
      }
      case 'capture_hold':
        return captureCommand(await this.#hold(operation.holdId), operation.request, key)
      case 'void_hold':
        return voidCommand(await this.#hold(operation.holdId), key)
      case 'extend_hold':
        return extensionCommand(await this.#hold(operation.holdId), operation.expiresInSeconds, key)
      case 'create_wallet':
        await this.#creations.require({ request: operation.request, key, asker })
        return creationCommand(operation.request, key)
    }
  }

  async #hold(holdId: HoldId): Promise<Hold> {
    const hold = await this.#holds.findHold(holdId)
    if (!hold) throw holdNotFound(holdId)
    return hold
  }

  async #answersTo(commands: readonly Command[], results: readonly Result[]): Promise<(OperationAnswer | Error)[]> {
    const earlier = earlierAnswers(results)
    const answers: (OperationAnswer | Error)[] = []
    const readings: Promise<void>[] = []
    results.forEach((result, index) => {
      const command = commands[index]
      assert(command, 'every result has its command')
      const answer = answerOf(result, command, earlier)
      answers.push(answer ?? NOT_LOOKED_UP)
      if (answer !== null || result instanceof Error || result.kind !== 'replayed') return
      const read = async (): Promise<void> => {
        answers[index] = await this.#firstAnswer(command, result.effectId).catch(errorOf)
      }
      readings.push(read())
    })
    await Promise.all(readings)
    return answers
  }

  #firstAnswer(command: Command, effectId: string): Promise<OperationAnswer> {
    if (command.kind === 'create') return this.#answers.wallet(effectId)
    return isAboutHolds(command) ? this.#answers.hold(command.walletId, effectId) : this.#answers.rows(effectId)
  }
}

/** Stands where an answer is still being looked up. */
const NOT_LOOKED_UP = new Error('An operation was not looked up')

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('An operation failed', { cause: error })
}

/** `null`: it has to be read. */
function answerOf(
  result: Result,
  command: Command,
  earlier: ReadonlyMap<string, OperationAnswer>,
): OperationAnswer | Error | null {
  if (result instanceof Error) return result
  switch (result.kind) {
    case 'refused':
      return result.error
    case 'replayed': {
      const answer = earlier.get(effectName(command, result.effectId))
      return answer === undefined ? null : { ...answer, replayed: true }
    }
    case 'not_applied':
      return new Error('An operation was not applied, and none was refused')
    case 'posted':
    case 'created':
    case 'held':
    case 'changed':
      return freshAnswer(result)
  }
}

function freshAnswer(posting: Posting): OperationAnswer {
  switch (posting.kind) {
    case 'created':
      return openedWallet(posting)
    case 'held':
      return holdAnswer(posting)
    case 'posted':
    case 'changed':
    case 'replayed':
      return postedRows(posting)
  }
}

/** By effect, what this very batch did: of a dry run, that can be read nowhere when a later operation repeats it. */
function earlierAnswers(results: readonly Result[]): ReadonlyMap<string, OperationAnswer> {
  const earlier = new Map<string, OperationAnswer>()
  if (!results.some((result) => !(result instanceof Error) && result.kind === 'replayed')) return earlier
  for (const result of results) {
    if (result instanceof Error) continue
    if (result.kind === 'posted') earlier.set(result.rows[0]?.transactionId ?? '', postedRows(result))
    else if (result.kind === 'created') earlier.set(result.created.wallet.walletId, openedWallet(result))
    else if (result.kind === 'held') {
      for (const { walletId, sequence } of result.events) {
        earlier.set(eventName(walletId, String(sequence)), holdAnswer(result))
      }
    }
  }
  return earlier
}

function effectName(command: Command, effectId: string): string {
  return isAboutHolds(command) ? eventName(command.walletId, effectId) : effectId
}

/** Events of holds alone are counted for each wallet instead of having an id. */
function eventName(walletId: WalletId, sequence: string): string {
  return `${walletId} ${sequence}`
}
