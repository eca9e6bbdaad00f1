// Look-ups by id, coalesced: those of one turn of the event loop travel as one query. Nothing is cached, so a read that
// starts after a write was acknowledged sees it (DESIGN.md §1).
import DataLoader from 'dataloader'

/** Ids that one query may look up. */
const MAX_BATCH_SIZE = 500

/**
 * Makes `load` out of a set-wise look-up. An id that the look-up does not give back loads as `null`.
 * The turn ends with `setImmediate`: dataloader's own schedule ends after each socket's callback, and so would never see
 * two requests together.
 */
export function coalesced<Id extends string, Found>(
  lookUp: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Found>>,
): (id: Id) => Promise<Found | null> {
  const loader = new DataLoader<Id, Found | null>(
    async (ids) => {
      const found = await lookUp([...new Set(ids)])
      return ids.map((id) => found.get(id) ?? null)
    },
    { cache: false, maxBatchSize: MAX_BATCH_SIZE, batchScheduleFn: (dispatch) => void setImmediate(dispatch) },
  )
  return (id) => loader.load(id)
}
