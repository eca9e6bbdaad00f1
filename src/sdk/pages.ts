// Lists that come page by page, as one iteration.

interface Page<Entry> {
  readonly entries: readonly Entry[]
  readonly nextCursor: string | null
}

/** What of a query says where a page begins. */
type Beginning = { readonly cursor?: string }

/** Every entry of all pages; the next page is asked for when the one before it has been used up. */
export async function* entriesOf<Entry>(
  load: (beginning: Beginning) => Promise<Page<Entry>>,
): AsyncGenerator<Entry, void, undefined> {
  let page = await load({})
  yield* page.entries
  while (page.nextCursor !== null) {
    page = await load({ cursor: page.nextCursor })
    yield* page.entries
  }
}
