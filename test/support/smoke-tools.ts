// What scripts/smoke.sh needs beside bash: from the PATH, else from Debian's packages.
import { delimiter, dirname } from 'node:path'
import { findProgram, type WantedProgram } from '../../scripts/debian-program.ts'

export const CURL: WantedProgram = { program: 'curl', packages: ['curl'], libraries: ['libcurl4'] }
export const JQ: WantedProgram = { program: 'jq', packages: ['jq'], libraries: ['libjq1', 'libonig5'] }

/** The environment in which it finds them. */
export async function smokeEnvironment(): Promise<Record<string, string>> {
  const [curl, jq] = await Promise.all([findProgram(CURL), findProgram(JQ)])
  const path = [dirname(curl.path), dirname(jq.path), process.env['PATH'] ?? ''].join(delimiter)
  return { ...curl.environment, ...jq.environment, PATH: path }
}
