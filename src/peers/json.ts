// Reading what neighbours send as JSON; whether it has the expected shape is their schemas' to say.

/** `undefined`, which is no JSON value and fits no schema, where the text is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
