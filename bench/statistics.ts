/** Numbers of one measurement, kept without boxing. */
export type Samples = {
  add(value: number): void
  summary(): Summary
}

export type Summary = { count: number; p50: number; p95: number; p99: number; max: number }

export function createSamples(): Samples {
  let values = new Float64Array(1024)
  let count = 0
  return {
    add(value) {
      if (count === values.length) {
        const larger = new Float64Array(values.length * 2)
        larger.set(values)
        values = larger
      }
      values[count] = value
      count += 1
    },
    summary() {
      const sorted = values.slice(0, count).sort()
      return {
        count,
        p50: quantile(sorted, 0.5),
        p95: quantile(sorted, 0.95),
        p99: quantile(sorted, 0.99),
        max: quantile(sorted, 1),
      }
    },
  }
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** The nearest rank; NaN of nothing. The median of an even count is the mean of the middle two. */
function quantile(sorted: Float64Array, fraction: number): number {
  const { length } = sorted
  if (length === 0) return Number.NaN
  if (fraction === 0.5 && length % 2 === 0)
    return (at(sorted, length / 2 - 1) + at(sorted, length / 2)) / 2
  return at(sorted, Math.max(0, Math.ceil(fraction * length) - 1))
}

function at(sorted: Float64Array, index: number): number {
  return sorted[index] ?? Number.NaN
}
