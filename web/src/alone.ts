// Points without a neighbour, which no line reaches: to be drawn by themselves.
export function alone(values: readonly (number | null)[]): number[] {
    const there = (i: number) => values[i] !== null && values[i] !== undefined;
    return values.flatMap((_, i) => (there(i) && !there(i - 1) && !there(i + 1) ? [i] : []));
}
