// What docs/admin-api.md says is answered. Members that may be missing are marked; money and shares are null where unknown.
import type { Step } from "./format";
import type { Route } from "./router";

export interface PageProps { route: Route; may: boolean }
type N = number | null;
export interface Sums { requests: number; errors: number; unpriced: number; input_tokens: number; input_cached_tokens: number; output_tokens: number; cost_usd: N; counterfactual_usd: N; saved_usd: N; latency_mean_us: N; latency_p50_us?: N; latency_p95_us?: N; latency_p99_us?: N }
export interface Point extends Omit<Sums, "by_tier"> { at_unix_us: number; by_tier: Record<string, number> }
export interface OverviewData { since_unix_us: number; until_unix_us: number; step_us: number; total: Sums; by_tier: Record<string, Sums>; own: Record<string, Sums>; series: Point[] }
export interface Attempt { tier: string; outcome: string; model?: string; status: number; input_uncached_tokens: number; input_cached_tokens: number; output_tokens: number; cost_usd: N; latency_us: number; mean_logprob?: number }
export interface Row { id: string; started_unix_us: number; latency_us: number; overhead_us: number; status: number; purpose: string; mode: string; stream: boolean; complete: boolean; tenant: string; cascade: string; reference: string; model: string; task: string; task_name?: string; class: string; tier: string | null; would_have: string | null; cost_usd: N; counterfactual_usd: N; saved_usd: N; estimated: boolean; attempts: Attempt[]; trace?: Step[] }
export interface Task { task: string; name: string; tenant: string; cascade: string; reference: string; mode: string | null; mode_of_cascade: string | null; mode_of_task: string | null; state: string; certified: boolean; promise: N; confidence: N; disagreement: N; disagreement_low: N; disagreement_high: N; audits: number; trials: number; requests: number; errors: number; cost_usd: N; counterfactual_usd: N; saved_usd: N; by_tier: Record<string, number>; student: string | null; tiers?: { tier: string; in_ladder: boolean; compared: Graded; audited: Graded }[] }
export interface Decision { unix_us: number; decision: string; course: string; task?: string; state?: string; ladder?: string; promise: number; confidence: number; trials: number; known: number; allowed_now: number; worse_seen: number; worse_at_most: number }
export interface Graded { answers: number; differ: number; share: number; share_low: number; share_high: number }
export interface Student { student: string; tenant: string; cascade: string; reference: string; task: string; state: string; state_since_unix_us: N; why: string; kind: string | null; examples: number; examples_kept: number; examples_wanted: number; trained_unix_us: number; bytes: number; can_roll_back: boolean; disagreement: Graded; audits: Graded; demoted_by_hand: boolean; rolled_back: boolean; features: number; gate: { course: string; task: string; in_plan: boolean; share: number; trials: number; promise: number; held_to: number; confidence: number; certified: boolean; worse_at_most: number; allowed_now: number } | null; reference_repeats: { says: string } | null }
export interface Curve { student: string; course: string | null; promise: N; versions: { trained_unix_us: number; examples: number; bytes: number; compared: Graded; audited: Graded }[] }
export interface Key { key?: string; id: string; begins: string; tenant: string; name: string; state: string; models: string[]; requests_per_minute: N; tokens_per_minute: N; parallel: N; created_unix_us: number; expires_unix_us: N; revoked_unix_us: N }
export interface Alert { id: string; alert: string; of: string; state: string; level: string; since_unix_us: number; ended_unix_us: N; text: string }
export interface AlertsData { looked_unix_us: number; firing: Alert[]; history: Alert[]; webhooks: { name: string; waiting: number; sent: number; lost: number; problem: string | null }[]; removed: { sent: number; lost: number } }
export interface Expected { expected_usd: number; low_usd: number; high_usd: number; basis: string }
export interface BudgetForecast extends Expected { end_unix_us: number; chance_over: N; reaches_limit_unix_us: N }
export interface ForecastData { now_unix_us: number; interval: number; windows: (Expected & { spent_usd: number; window: string; tenant: string | null; start_unix_us: number; end_unix_us: number })[]; month: { at_unix_us: number; spent_usd: N; expected_usd: N; low_usd: N; high_usd: N }[] }
export interface ConfigFile { text: string; file?: string; digest: string; writable?: boolean }
