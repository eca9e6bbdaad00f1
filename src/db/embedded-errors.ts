// The one error of the embedded database: every failure to provide it is a sentence that says why and what to do.

/** What went wrong, for programs; the message is for people. */
export type EmbeddedPostgresFault =
  | 'already_in_use'
  | 'account_unavailable'
  | 'binaries_missing'
  | 'binaries_unusable'
  | 'folder_not_passable'
  | 'folder_not_writable'
  | 'initdb_failed'
  | 'password_missing'
  | 'port_taken'
  | 'server_not_stopping'
  | 'start_failed'
  | 'two_databases'
  | 'wrong_owner'
  | 'wrong_password'
  | 'wrong_version'

/** Thrown by `startEmbeddedPostgres`. Its message is one complete sentence, fit to be shown as it is. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly fault: EmbeddedPostgresFault

  constructor(fault: EmbeddedPostgresFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** The system's code of a failed call (`ENOENT`, ...), or '' when the error is of another kind. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const FOLDER_CODES = new Set([
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
  'ENOTEMPTY',
  'ENOSPC',
  'EDQUOT',
])

/** Runs file work under `folder` and turns the system's refusals into the sentence about that folder. */
export const inFolder = async <Result>(folder: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    const code = errorCode(error)
    if (!FOLDER_CODES.has(code)) throw error
    throw new EmbeddedPostgresError(
      'folder_not_writable',
      `The data folder ${folder} cannot be used (${code}): make it a folder this user may write in, or set DATA_DIR to another one, or DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    )
  }
}
