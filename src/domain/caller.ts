// Who calls, and what they may do. How callers prove who they are is services/authenticator.ts's, whose wallets a request is
// about services/ownership-service.ts's.

/** What a caller may be allowed, from the least to the most: each includes those before it. */
export const SCOPES = ['wallet:read', 'wallet:write', 'wallet:admin'] as const

export type Scope = (typeof SCOPES)[number]

/** What a route needs; what is public is answered to whoever asks. */
export type RouteScope = Scope | 'public'

/** A service of ours, which acts for everybody, or a user, who reaches only what is theirs. */
export type Caller =
  | { readonly kind: 'service'; readonly name: string; readonly scope: Scope | null }
  | { readonly kind: 'user'; readonly userId: string; readonly scope: Scope | null }

const MAX_USER_ID_LENGTH = 255

/** Whether a text names one of our scopes. */
export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text)
}

/**
 * The widest of the scopes that are named, which includes the others; `null` when none is ours. Names of other services'
 * scopes mean nothing here.
 */
export function widestScope(names: readonly string[]): Scope | null {
  return SCOPES.findLast((scope) => names.includes(scope)) ?? null
}

/** Whether a caller may do what needs `scope`. */
export function isAllowed(caller: Caller, scope: Scope): boolean {
  return caller.scope !== null && SCOPES.indexOf(caller.scope) >= SCOPES.indexOf(scope)
}

/** Whether a text can be the owner of a wallet: 1 to 255 characters that PostgreSQL can store. */
export function isUserId(text: string): boolean {
  if (text === '' || text.length > 2 * MAX_USER_ID_LENGTH || Array.from(text).length > MAX_USER_ID_LENGTH) return false
  return !text.includes('\0') && text.isWellFormed()
}
