// What every inference request goes through, whatever its API: who calls, in which mode, what was spent, what the
// caller is told. The chat's own part is gateway/chat_life.h, that of embeddings gateway/embeddings.cpp. Thread rule:
// one request, one reactor; lives in the handler's frame.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/cancellation.h"
#include "cascade/step_recorder.h"
#include "gateway/lane.h"
#include "net/http_server.h"
#include "store/ledger_row.h"
#include "wire/dialect.h"
#include "wire/errors.h"

namespace weir::gateway {

// x-weir-cache, as asked for.
enum class CacheWish : std::uint8_t { none, no_store, refresh, only };

struct Spending;  // spending.h

class RequestLife : public net::PeerWatcher, public tiers::CallTraces {
  public:
    RequestLife(Lane& owner, net::Exchange& on) : lane(owner), exchange(on), routes(owner.routes), keys(owner.keys) {}

    void on_peer_gone() override { cancellation.cancel(); }

    // It waits for room in a budget from now on, be it for long: nobody is to wait for its answer.
    virtual void waits_for_room() {}

    // Takes id and start time, and has the caller watched. settle() ends it.
    void begin();
    // Adds an attempt to the row; beyond kMaxAttempts its cost goes to the last one.
    // `begun`: steady time; 0: when the one before it had ended.
    void add_attempt(const store::Attempt& attempt, Micros begun = 0);
    // What the next call upstream says of the trace; its view lives until the next call of this.
    tiers::TraceLine trace_line();
    // The same of an attempt that is recorded, `attempt` places behind the next.
    std::string traceparent(std::size_t attempt) const override;
    // A stream to the caller begins.
    void begin_stream(unsigned status, std::string_view header_lines);
    // Nobody is there to be answered any more.
    void caller_left();
    // Sums the attempts' costs into the row.
    void sum_costs();
    // Where what is decided is noted: in the row, and, if the caller asked for it, in x-weir-why.
    cascade::StepRecorder steps() { return {row, debug ? &why : nullptr}; }
    // Of what concerns all tiers, or none: skipped for this reason.
    void skip_tiers(store::Said said) { steps().decided(store::StepVerdict::skipped, store::Reason::of(said)); }
    // Appends to x-weir-why alone, if the caller asked for it.
    void note(std::string_view what);
    // Adds a name to x-weir-dropped.
    void note_dropped(std::string_view member);

    Lane& lane;
    net::Exchange& exchange;
    const wire::Dialect* dialect =
        nullptr;                           // the API the caller speaks, if that is none of OpenAI's chat or embeddings
    std::shared_ptr<LaneRoutes> routes;    // held to the end: a reload takes nothing away
    std::shared_ptr<const LaneKeys> keys;  // likewise

    const limits::Caller* caller = nullptr;  // of `keys`; null until admit_caller()
    const limits::Tenant* tenant = nullptr;  // its tenant
    limits::Admission admission;
    std::shared_ptr<const Plan> plan;
    std::optional<cascade::Mode> wished_mode;  // x-weir-mode
    std::string_view task_name;                // x-weir-task
    cascade::Mode mode = cascade::Mode::off;
    CacheWish cache_wish = CacheWish::none;
    std::optional<Micros> max_age;   // cache-control: max-age
    double least_score = 0;          // x-weir-similarity
    Micros max_latency = 0;          // x-weir-max-latency; 0: as the cascade says
    std::string_view sources, tags;  // x-weir-source, x-weir-tags
    std::string_view user;           // x-weir-user
    std::string_view provider;       // x-weir-provider: who answers what is passed through
    bool debug = false;
    bool plain_errors = false;  // {"error": "..."}, and the upstream's own words go on as they are
    bool may_look_up = false;   // exact cache
    bool may_store = false;
    std::string_view cache_state = "bypass";  // x-weir-cache of the answer
    Cancellation cancellation;

    store::LedgerRow row;
    telemetry::RequestNote about;        // what telemetry wants to know besides
    std::int64_t upstream_micros = 0;    // spent waiting for upstreams
    Micros upstream_deadline = 0;        // steady time, until the next attempt's head; 0: as limits say
    std::string why;                     // x-weir-why
    std::string dropped;                 // x-weir-dropped: members of the request that the model's API has no word for
    std::string trace_lines;             // of the call under way
    std::shared_ptr<Spending> spending;  // null: no budget fits, or nothing was to be spent yet
    std::string native_id;               // the provider's own value for its API's id header, where that is the caller's
};

// A 400 in OpenAI's form.
wire::ApiError bad_request(std::string message, std::string param, std::string code = {});
// Whose key stands in Authorization or in x-api-key, or what one without a good key is told. `clock`: keys expire.
tl::expected<const limits::Caller*, wire::ApiError> caller_of(const limits::KeyRing& keys,
                                                              const http::RequestHead& head, const Clock& clock);
// Caller, tenant and Weir's own headers, into `life`, within the caller's limits. An error: what the caller is told
// instead. What the request has used is settled with it.
std::optional<wire::ApiError> admit_caller(RequestLife& life);
// Where a request for `model` goes, and the mode that follows from it, into `life`. An error: there is no such model,
// or the caller's key is not for it. The first one may have to wait for a model's first appearance; false: it must be
// asked.
Task<std::optional<wire::ApiError>> find_plan(RequestLife& life, std::string_view model);
bool find_plan_at_once(RequestLife& life, std::string_view model);
// The same where the plan is at hand; `name`: what the caller asked for.
std::optional<wire::ApiError> follow_plan(RequestLife& life, std::shared_ptr<const Plan> plan, std::string_view name);
// The task: tenant, reference and `digest` (what the requests of a task have in common), or the caller's own name.
void identify_task(RequestLife& life, std::uint64_t digest);
// Where an answer to the request comes from: tenant, task, writer, sources, tags.
tiers::Provenance provenance_of(const RequestLife& life);
// What is kept of a wish for caches only that no cache could fulfil.
wire::ApiError cache_miss_error();
// Closes the books on the request: the row goes to the ledger, the counters are brought up to date. The first one may
// have to wait for room in the ledger; false: it must be asked.
Task<void> settle(RequestLife& life);
bool settle_at_once(RequestLife& life);

// deliver.cpp: answers to the caller.
// The error in the form of the caller's API; `dialect` as RequestLife's, `id` the request's.
std::string error_body(const wire::Dialect* dialect, const wire::ApiError& error, RequestId id);
// {"error": "its message"}: as the Open Inference Protocol has it.
std::string plain_error_body(const wire::ApiError& error);
Task<void> deliver_error(RequestLife& life, const wire::ApiError& error, std::string_view more_headers = {});
// The x-weir-* lines. With `costs` (known only once the answer is complete).
std::string weir_headers(const RequestLife& life, std::string_view model, bool costs);

}  // namespace weir::gateway
