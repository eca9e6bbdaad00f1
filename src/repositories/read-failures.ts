// How a failed read is reported: a database that is out of reach is an expected failure, everything else is a bug.
import { AppError } from '../domain/errors.ts'
import { classifyDatabaseError } from '../db/sqlstate.ts'

/** Awaits a query. Throws `database_unavailable` where the database could not answer, for whatever reason but ours. */
export async function reading<Result>(query: Promise<Result>): Promise<Result> {
  try {
    return await query
  } catch (error) {
    if (classifyDatabaseError(error) === 'rejected') throw error
    throw new AppError('database_unavailable', 'The database is out of reach; try again shortly', { cause: error })
  }
}
