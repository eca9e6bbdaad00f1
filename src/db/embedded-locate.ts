// Where the embedded database of a data folder is, and how to reach it while a service runs it. Looks only: starts nothing,
// makes no folder, changes no owner. Starting it is the business of embedded.ts.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { connectionUrl, type EmbeddedPostgresOptions, RELOCATION_ROOT } from './embedded.ts'
import { passwordFile, readPostmasterFile, rememberedPort } from './embedded-cluster.ts'
import { EmbeddedPostgresError, errorCode } from './embedded-errors.ts'
import { canonical, clusterOf, holdsCluster, relocatedFolder } from './embedded-placement.ts'
import { isRoot, isServerOf } from './embedded-process.ts'

export type LocatedPostgres = {
  /** Where the data are; as root not always the wanted folder. */
  readonly dataDir: string
  /** The address of the running database; `undefined` when it does not run. */
  readonly url: string | undefined
}

/**
 * Finds the database of a data folder; `undefined` when there is none. Throws `EmbeddedPostgresError` when it runs but its
 * address is closed to us.
 */
export const locateEmbeddedPostgres = async (
  options: Pick<EmbeddedPostgresOptions, 'dataDir' | 'databaseName' | 'relocationRoot'>,
): Promise<LocatedPostgres | undefined> => {
  const { databaseName = 'wallet', relocationRoot = RELOCATION_ROOT } = options
  const wanted = await canonical(resolve(options.dataDir))
  const folders = isRoot() ? [wanted, relocatedFolder(wanted, resolve(relocationRoot))] : [wanted]
  for (const dataDir of folders) {
    if (!(await holdsCluster(dataDir))) continue
    const server = await readPostmasterFile(clusterOf(dataDir))
    if (server === undefined || !(await isServerOf(server.pid, clusterOf(dataDir)))) return { dataDir, url: undefined }
    const port = await rememberedPort(dataDir)
    if (port === undefined) throw notReadable(dataDir, 'its port is not noted yet')
    return { dataDir, url: connectionUrl({ port, password: await readPassword(dataDir), databaseName }) }
  }
  return undefined
}

const readPassword = async (folder: string): Promise<string> => {
  try {
    return (await readFile(passwordFile(folder), 'utf8')).trim()
  } catch (error) {
    throw notReadable(folder, `its password cannot be read (${errorCode(error)})`, error)
  }
}

const notReadable = (folder: string, why: string, cause?: unknown): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'already_in_use',
    `The database in ${folder} is running, but ${why}: try again as the user who started it, or give the database's address.`,
    { cause },
  )
