// Decimal text and scaled units for tests, by padding and cutting strings: an oracle for domain/money.ts, which shares nothing
// with it.

/** Decimal text scaled by 10^18. */
export function units(decimal: string): bigint {
  const [integer = '', fraction = ''] = decimal.split('.')
  return BigInt(integer + fraction.padEnd(18, '0'))
}

/** Scaled units as decimal text. */
export function decimal(value: bigint): string {
  const digits = value.toString().padStart(19, '0')
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`.replace(/\.?0+$/, '')
}
