// Bodies are JSON, read exactly (numbers keep their digits), and answers are JSON, written exactly. Fastify's own parsers and
// schema-driven serializers, which go through doubles, are taken out.
import { isAscii } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../domain/errors.ts'
import { isRawNumber, parseExactJson } from '../../domain/json.ts'

/** `application/json`, and what builds on it (`application/merge-patch+json`), with whatever parameters. */
const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json(?:\s*;|$)/i

/** Throws on bytes that are no UTF-8, and passes over a byte order mark. */
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Reads JSON bodies by `parseExactJson` and writes answers by `JSON.stringify`, whatever a response schema says. */
export function useJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      requirePlain(request.headers['content-encoding'])
      done(null, parseBody(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)))
    } catch (error) {
      done(error instanceof Error ? error : new Error('A body could not be read', { cause: error }))
    }
  })
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setReplySerializer((payload) => JSON.stringify(payload))
}

function requirePlain(encoding: string | undefined): void {
  if (encoding === undefined || encoding === 'identity') return
  throw new AppError('unsupported_media_type', 'Bodies must be sent as they are, without Content-Encoding')
}

/** An empty body is no body; whether that will do is for the route's schema to say. */
function parseBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  const body = parseJson(decode(bytes))
  // A raw number is an object to whoever does not know it, and no route takes a bare number.
  return isRawNumber(body) ? Number(body.rawJSON) : body
}

function decode(bytes: Buffer): string {
  // Most bodies are ASCII, which takes a sixth of the decoder's time.
  if (isAscii(bytes)) return bytes.toString('latin1')
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AppError('malformed_json', 'The body is not valid UTF-8', { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch (cause) {
    // The parser's message shows where the caller's own text goes wrong.
    const why = cause instanceof SyntaxError ? `: ${cause.message}` : ''
    throw new AppError('malformed_json', `The body is not valid JSON${why}`, { cause })
  }
}
