// Checks every tracked or new file against the house rules of tidy-rules.ts and says what to do about each fault.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type SourceFile, tidy } from './tidy-rules.ts'

const root = resolve(import.meta.dirname, '..')

/** Files that git tracks or would offer to add, so that a fault shows before it is committed. Binary files are left out. */
function sourceFiles(): SourceFile[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  const paths = [...new Set(listing.toString('utf8').split('\0'))].filter((path) => path !== '')
  return paths.flatMap((path): SourceFile[] => {
    const text = textOf(path)
    return text === undefined || text.includes('\0') ? [] : [{ path, text }]
  })
}

/** A file deleted on disk but still in the index has no text. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return undefined
    throw error
  }
}

const files = sourceFiles()
const faults = tidy(files)
for (const { path, line, problem, remedy } of faults) console.log(`${path}:${line}: ${problem}: ${remedy}`)
console.log(`tidy: ${files.length} files, ${faults.length} faults`)
process.exitCode = faults.length > 0 || files.length === 0 ? 1 : 0
