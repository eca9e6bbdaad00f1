// Look-ups by id, coalesced: those of one turn of the event loop travel as one query, and while queries are under way, so do
// those that have come meanwhile. Nothing is cached, so a read that starts after a write was acknowledged sees it (DESIGN.md §1).
import DataLoader from 'dataloader'
import type { WalletId } from '../domain/wallet.ts'

/** Ids that one query may look up. */
const MAX_BATCH_SIZE = 500

/**
 * Queries of one kind that may be under way. A query costs this process as much as answering three callers: with as many at once
 * as there are connections, 64 callers shared one by six, and now by thirty.
 */
const MAX_UNDER_WAY = 2
/** Nobody waits for a query that takes longer: it may be stuck. */
const COUNTED_MS = 100

/**
 * Makes `load` out of a set-wise look-up. An id that the look-up does not give back loads as `null`.
 * The turn ends with `setImmediate`: dataloader's own schedule ends after each socket's callback, and so would never see
 * two requests together.
 */
export function coalesced<Id extends string, Found>(
  lookUp: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Found>>,
): (id: Id) => Promise<Found | null> {
  return loading(async (ids) => {
    const found = await lookUp([...new Set(ids)])
    return ids.map((id) => found.get(id) ?? null)
  })
}

/** Where a row or an event stands: in which wallet, and with which sequence. */
export interface Place {
  readonly walletId: WalletId
  readonly sequence: number
}

/** As `coalesced`, for what is known by its place; the look-up gives each thing with the place where it found it. */
export function coalescedByPlace<Found>(
  lookUp: (places: readonly Place[]) => Promise<readonly (readonly [Place, Found])[]>,
): (place: Place) => Promise<Found | null> {
  return loading(async (places) => {
    const asked = new Map(places.map((place) => [nameOf(place), place]))
    const answers = await lookUp([...asked.values()])
    const found = new Map(answers.map(([place, thing]) => [nameOf(place), thing]))
    return places.map((place) => found.get(nameOf(place)) ?? null)
  })
}

function nameOf({ walletId, sequence }: Place): string {
  return `${walletId} ${sequence}`
}

function loading<Key, Found>(
  lookUp: (keys: readonly Key[]) => Promise<(Found | null)[]>,
): (key: Key) => Promise<Found | null> {
  let underWay = 0
  const waiting: (() => void)[] = []
  const dispatchSoon = (dispatch: () => void): void => {
    if (underWay === MAX_UNDER_WAY) return void waiting.push(dispatch)
    underWay += 1
    setImmediate(dispatch)
  }
  const giveWay = (): void => {
    underWay -= 1
    const next = waiting.shift()
    if (next) dispatchSoon(next)
  }
  const oneOfFew = async (keys: readonly Key[]): Promise<(Found | null)[]> => {
    let isCounted = true
    const release = (): void => {
      if (isCounted) giveWay()
      isCounted = false
    }
    const timer = setTimeout(release, COUNTED_MS)
    try {
      return await lookUp(keys)
    } finally {
      clearTimeout(timer)
      release()
    }
  }
  const loader = new DataLoader<Key, Found | null>(oneOfFew, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    batchScheduleFn: dispatchSoon,
  })
  return (key) => loader.load(key)
}
