// How the tests run: everything in test/, against one real PostgreSQL per run. No retries: a test that passes the second
// time has found something.
import { configDefaults, defineConfig } from 'vitest/config'
import { testsWithoutProgram } from './test/support/programs.ts'

// Vitest finds its configuration by the default export and by nothing else.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(await testsWithoutProgram())],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Several times what the slowest takes on two busy cores (35 s to load a million rows): a limit for what hangs, not a speed.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    // Stopping the database is bounded by its own timeouts.
    teardownTimeout: 60_000,
    retry: 0,
    passWithNoTests: false,
    allowOnly: false,
  },
})
