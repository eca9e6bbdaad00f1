// Types for JSON source text access (TC39 proposal-json-parse-with-source), which V8 has and TypeScript's library lacks.
interface JSON {
  rawJSON(text: string): { readonly rawJSON: string }
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}
