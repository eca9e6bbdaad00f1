// What the routes that change something have in common: a dry run instead of the real thing, and an answer given before.
import type { FastifyReply } from 'fastify'
import type { UseCaseChoice, UseCases } from '../../services/use-cases.ts'

/** The use cases that a request asks for; its answer says so when it was only a dry run (API.md §4). */
export function useCasesFor(
  choice: UseCaseChoice,
  query: { readonly dry_run: boolean },
  reply: FastifyReply,
): UseCases {
  if (!query.dry_run) return choice.real
  void reply.header('Dry-Run', 'true')
  return choice.dryRun()
}

/** Says that an answer was given before, by an earlier request with the same key (API.md §5). */
export function markReplayed(reply: FastifyReply, replayed: boolean): void {
  if (replayed) void reply.header('Idempotency-Replayed', 'true')
}
