// The user and the password that an address may hold, as the header that they are sent in: no HTTP client of ours takes them
// from an address itself.

/** The header with which an address's user and password are sent (RFC 7617); none where it holds neither. */
export function credentialHeaders({ username, password }: URL): { readonly authorization?: string } {
  if (username === '' && password === '') return {}
  const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`)
  return { authorization: `Basic ${credentials.toString('base64')}` }
}

/** A `%` that escapes nothing stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
