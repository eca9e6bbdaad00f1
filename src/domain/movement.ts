// Where the money of each kind of movement comes from or goes to, and what it is called by default.

/** Direction, counterparty and default description of the movements between a wallet and the outside. */
export const MOVEMENTS = {
  deposit: { direction: 'in', counterparty: 'external:deposit', label: 'Deposit' },
  reward: { direction: 'in', counterparty: 'promotion:reward', label: 'Reward' },
  withdraw: { direction: 'out', counterparty: 'external:withdrawal', label: 'Withdrawal' },
  consume: { direction: 'out', counterparty: 'revenue:consume', label: 'Consumed' },
} as const
