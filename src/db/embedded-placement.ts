// Which system user PostgreSQL runs as and where its data are. Only as root is there anything to decide: PostgreSQL refuses
// to run as root, and the user it runs as then may be shut out of the folder the service was started in.
import { createHash } from 'node:crypto'
import { chmod, chown, lchown, mkdir, readdir, realpath, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { EmbeddedPostgresError, errorCode, inFolder } from './embedded-errors.ts'
import { type Account, ask, isRoot } from './embedded-process.ts'

type Log = (message: string, fields?: Record<string, unknown>) => void

/** `folder` holds our own files (lock, password, port, log); `cluster` in it is PostgreSQL's data directory. */
export type Placement = { readonly folder: string; readonly cluster: string; readonly account: Account | undefined }

const CANDIDATES = ['postgres', '_postgres', 'nobody', 'daemon']
const CREATED = 'wallet-postgres'

export const clusterOf = (folder: string): string => join(folder, 'postgres')

export const ownerOf = (path: string): Promise<{ uid: number; gid: number } | undefined> =>
  stat(path).then(
    ({ uid, gid }) => ({ uid, gid }),
    () => undefined,
  )

/** Whether a database is there, even one that this user may not read. */
export const holdsCluster = (folder: string): Promise<boolean> =>
  stat(join(clusterOf(folder), 'PG_VERSION')).then(
    () => true,
    (error: unknown) => errorCode(error) === 'EACCES',
  )

const findAccount = async (name: string): Promise<Account | undefined> => {
  const [uid, gid] = await Promise.all([
    ask({ file: 'id', args: ['-u', name] }),
    ask({ file: 'id', args: ['-g', name] }),
  ])
  if (uid.code !== 0 || gid.code !== 0) return undefined
  // macOS prints nobody's -2 as 4294967294, which spawn() refuses.
  return { uid: Number(uid.stdout) | 0, gid: Number(gid.stdout) | 0, name }
}

const chooseAccount = async (owner: { uid: number; gid: number } | undefined, log: Log): Promise<Account> => {
  // Whoever owns the data goes on owning them: a folder made by an ordinary user is still that user's after a run as root.
  if (owner !== undefined && owner.uid !== 0) {
    const named = await ask({ file: 'id', args: ['-un', String(owner.uid)] })
    return { ...owner, name: named.stdout.trim() || `with uid ${owner.uid}` }
  }
  for (const name of [...CANDIDATES, CREATED]) {
    const account = await findAccount(name)
    if (account !== undefined && account.uid !== 0) return account
  }
  const made = await ask({ file: 'useradd', args: ['--system', '--no-create-home', '--shell', '/bin/false', CREATED] })
  const account = await findAccount(CREATED)
  if (account === undefined) {
    throw new EmbeddedPostgresError(
      'account_unavailable',
      `PostgreSQL does not run as root, and there is no other user to run it as (useradd: ${made.stderr.trim() || `exit ${made.code}`}): create a user named postgres, start the service as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.`,
    )
  }
  log(`created the system user ${CREATED}, because PostgreSQL does not run as root`, { uid: account.uid })
  return account
}

/** Containers may deny root the right to become another user; said here, it is not mistaken for a folder's fault. */
const checkSwitch = async (account: Account): Promise<void> => {
  const answer = await ask({ file: '/bin/sh', args: ['-c', ':'], account })
  if (answer.code === 0) return
  throw new EmbeddedPostgresError(
    'account_unavailable',
    `PostgreSQL does not run as root, and running it as the user ${account.name} is not possible here (${answer.stderr.trim()}): start the service as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.`,
  )
}

/** Whether that user can enter the folder: tried out, because modes alone tell nothing of ACLs and mounts. */
const canEnter = async (folder: string, account: Account): Promise<boolean> =>
  (await ask({ file: '/bin/sh', args: ['-c', 'cd "$1"', 'sh', folder], account })).code === 0

const nearestExisting = async (path: string): Promise<string> =>
  (await ownerOf(path)) === undefined && dirname(path) !== path ? nearestExisting(dirname(path)) : path

/** Creates the folder so that other users can pass through it, whatever the umask. */
export const makeFolder = (folder: string): Promise<void> => inFolder(folder, () => makeEach(folder))

// One by one: where mkdir answers ENOENT (in /proc, say), Node's recursive one tries for ever.
const makeEach = async (folder: string): Promise<void> => {
  if ((await ownerOf(folder)) !== undefined) return
  await makeEach(dirname(folder))
  try {
    await mkdir(folder)
    await chmod(folder, 0o755)
  } catch (error) {
    // Another starter was faster.
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

/** An existing data folder of our own that is closed to the other user (umask 077, mkdtemp) is opened for passing only. */
const openOwnFolder = async (folder: string, account: Account): Promise<void> => {
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined || found.uid !== 0 || (found.mode & 0o001) !== 0) return
  if (await canEnter(dirname(folder), account)) await chmod(folder, (found.mode & 0o7777) | 0o011)
}

/** The folder's name with symbolic links resolved, so that one folder has one name, existing or not. */
export const canonical = async (path: string): Promise<string> => {
  const existing = await nearestExisting(path)
  return join(await realpath(existing), relative(existing, path))
}

export const relocatedFolder = (wanted: string, relocationRoot: string): string => {
  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  return join(relocationRoot, 'data', `${basename(dirname(wanted)) || 'root'}-${digest}`)
}

/** Decides where the data are and makes that folder. `relocationRoot` is a durable place that any user can reach. */
export const place = async (dataDir: string, relocationRoot: string, log: Log): Promise<Placement> => {
  const wanted = await inFolder(dataDir, () => canonical(resolve(dataDir)))
  // The dot asks for a folder: a file in the way is said to be one, and is not evaded by going elsewhere.
  await inFolder(wanted, async () => stat(`${await nearestExisting(wanted)}/.`))
  if (!isRoot()) {
    await makeFolder(wanted)
    return { folder: wanted, cluster: clusterOf(wanted), account: undefined }
  }
  const elsewhere = relocatedFolder(wanted, relocationRoot)
  const [here, there] = await Promise.all([holdsCluster(wanted), holdsCluster(elsewhere)])
  if (here && there) {
    throw new EmbeddedPostgresError(
      'two_databases',
      `There are two databases for ${wanted}, one in it and one in ${elsewhere}: move the one that is not wanted away.`,
    )
  }
  const account = await chooseAccount(await ownerOf(clusterOf(there ? elsewhere : wanted)), log)
  await checkSwitch(account)
  await openOwnFolder(wanted, account)
  const passable = await canEnter(await nearestExisting(wanted), account)
  if (here && !passable) {
    // Starting on an empty database elsewhere would look like the loss of every wallet.
    throw new EmbeddedPostgresError(
      'folder_not_passable',
      `The database in ${wanted} cannot be reached by the user ${account.name}, as whom PostgreSQL runs: make every folder above it passable (chmod o+x), or start the service as the user it belongs to.`,
    )
  }
  const folder = there || !passable ? elsewhere : wanted
  await makeFolder(folder)
  if (folder === elsewhere) await announce({ wanted, elsewhere, account, passable, log })
  if (!(await canEnter(folder, account))) throw unreachable(folder, account)
  return { folder, cluster: clusterOf(folder), account }
}

const unreachable = (folder: string, account: Account): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'folder_not_passable',
    `PostgreSQL runs as the user ${account.name}, who cannot enter ${folder}: make every folder above it passable (chmod o+x), set DATA_DIR to a folder that user can reach, or start the service as an ordinary user.`,
  )

type Announcement = {
  readonly wanted: string
  readonly elsewhere: string
  readonly account: Account
  readonly passable: boolean
  readonly log: Log
}

const announce = async ({ wanted, elsewhere, account, passable, log }: Announcement): Promise<void> => {
  const why = passable
    ? 'they were placed there when the wanted folder could not be reached'
    : `the user ${account.name}, as whom PostgreSQL runs under root, cannot reach ${wanted}`
  log(`the database's data are in ${elsewhere}: ${why}`, { wanted, dataDir: elsewhere })
  await makeFolder(wanted)
  const note = `The data of this service's embedded PostgreSQL are in\n${elsewhere}\nbecause ${why}.\n`
  await writeFile(join(wanted, 'DATA_IS_ELSEWHERE.txt'), note)
}

/** Gives the path to the user PostgreSQL runs as; nothing to do when that is ourselves. */
export const giveTo = async (path: string, account: Account | undefined): Promise<void> => {
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

/** Data restored from an archive by root belong to root: PostgreSQL would refuse them. */
export const adoptRootsFiles = async (cluster: string, account: Account | undefined): Promise<void> => {
  if (account === undefined || (await ownerOf(cluster))?.uid !== 0) return
  for (const entry of await readdir(cluster, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), account.uid, account.gid)
  }
  await chown(cluster, account.uid, account.gid)
}
