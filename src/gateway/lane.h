// One reactor's share of the gateway: its connections to the providers, its tiers, its ids and counters.
// Thread rule: the reactor's thread, but for the counters.
// Limits: kMaxPlans model names are remembered, then it begins anew.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/request_id.h"
#include "base/worker.h"
#include "cascade/cascade_learner.h"
#include "cascade/climb.h"
#include "cascade/entry_judge.h"
#include "embed/endpoint_embedder.h"
#include "gateway/agreement_book.h"
#include "gateway/caches.h"
#include "gateway/conversations.h"
#include "gateway/judge_record.h"
#include "gateway/repeats.h"
#include "gateway/routes.h"
#include "limits/admission.h"
#include "limits/keys.h"
#include "net/reactor.h"
#include "store/example_store.h"
#include "store/ledger.h"
#include "telemetry/telemetry.h"
#include "tiers/model/example_source.h"
#include "tiers/model/tier_health.h"
#include "tiers/model/upstream.h"
#include "tiers/student/student_shelf.h"
#include "wire/request_memo.h"

namespace weir::limits {
class BudgetFinder;
}

namespace weir::gateway {

inline constexpr std::string_view kStudentTier = "student";  // in a course's name
constexpr std::size_t kMaxPlans = 10'000;
constexpr std::size_t kMaxNamedTasks = 100'000;
constexpr std::size_t kMaxPlanTasks = 1'000;
constexpr std::uint32_t kMostTooEarly = 50;
constexpr std::size_t kMaxSpareChats = 64;
constexpr std::size_t kMaxSpareBytes = 16 * 1024;  // a larger one's memory is given back

// A provider as `reactor` reaches it; no connection is made yet. On the reactor's thread.
std::shared_ptr<tiers::ProviderLink> link_to(const ProviderRoute& route, const Limits& limits, net::Reactor& reactor);

// Where a request for one model name goes.
struct Plan {
    const CascadeRoute* cascade = nullptr;
    const std::vector<cascade::Rung>* rungs = nullptr;
    std::string asked_as;  // the name that callers use
    std::shared_ptr<const tiers::ModelUpstream> reference;
    std::vector<std::shared_ptr<const tiers::ModelUpstream>> asked;  // the reference, then its fallbacks
    mutable tiers::TierHealth reference_times{0, 0};                 // a plan is one reactor's
    std::string upstream_identity;                                   // who would answer, as part of cache keys
    std::shared_ptr<const cascade::SemanticLearner::Promise>
        semantic;                                        // what the semantic tier promises; null: no tier
    std::shared_ptr<const tiers::ModelUpstream> judge;   // gateway/judge.h; null: none
    std::shared_ptr<const tiers::ProviderLink> webhook;  // instead of a judge; null: none
    std::shared_ptr<JudgeRecord> judge_record;           // with either

    const InferenceRoute* inference = nullptr;  // what is asked is no chat; the rest is as far as it makes sense
    mutable std::vector<tiers::TierHealth> ladder_health;  // of its tiers

    std::shared_ptr<const store::ExampleRules> examples;  // what the reference says is kept by them; null: it is not

    // The model tiers whose gates are learned, in the cascade's order; empty: none.
    std::vector<std::shared_ptr<const tiers::ModelUpstream>> ladder_models;
    std::vector<tiers::Gathering> ladder_gathers;                             // what is asked of each
    std::vector<std::shared_ptr<const tiers::ExampleSource>> ladder_sources;  // of what each is shown; null: nothing
    std::vector<std::shared_ptr<tiers::Tier>> ladder;
    std::string course_name;  // of what is learned for them; where the promise is over tasks, without the task
    cascade::PolicyLearner::Options course_options;
    std::shared_ptr<cascade::Course> course;      // null: none, or one for each task
    std::shared_ptr<cascade::ProofBudget> proof;  // with `ladder`
    bool compares_samples() const {
        return std::any_of(ladder_gathers.begin(), ladder_gathers.end(),
                           [](const tiers::Gathering& gathers) { return gathers.samples > 1; });
    }
    // nullptr: nothing can be learned.
    std::shared_ptr<cascade::Course> course_of(std::uint64_t task, cascade::CascadeLearner& learner) const;

    struct TaskKey {
        store::NameId tenant;
        std::uint64_t digest;
        friend bool operator==(const TaskKey&, const TaskKey&) = default;
    };
    struct TaskKeyHash {
        std::size_t operator()(const TaskKey& key) const { return key.digest ^ key.tenant; }
    };
    // How many trials of a task, while it was new, came before there was an example to show.
    mutable std::unordered_map<std::uint64_t, std::uint32_t> too_early;

    // The numbers of tasks seen, up to kMaxPlanTasks; a plan is one reactor's.
    mutable std::unordered_map<TaskKey, std::uint64_t, TaskKeyHash> tasks;
};

// What the lanes share; outlives them.
struct Shared {
    const Clock& clock;
    store::LedgerSink& ledger;
    Caches& caches;
    tiers::ExactCache& cache;  // of `caches`
    Worker& worker;
    cascade::CascadeLearner& cascades;
    std::shared_ptr<JudgeBook> judges = std::make_shared<JudgeBook>();
    std::shared_ptr<AgreementBook> agreements = std::make_shared<AgreementBook>();
    store::ExampleStore* examples = nullptr;        // null: nothing is kept to learn from
    tiers::student::StudentShelf* shelf = nullptr;  // null: no students
    tiers::ExampleShelf* example_shelf = nullptr;   // null: nobody is shown examples
    std::shared_ptr<Conversations> conversations = std::make_shared<Conversations>();
    std::shared_ptr<telemetry::Telemetry> telemetry = std::make_shared<telemetry::Telemetry>();
};

// The routes as one reactor runs on them. A request holds it until it is settled, so that a reload takes nothing away.
class LaneRoutes {
  public:
    LaneRoutes(std::shared_ptr<const Routes> routes, net::Reactor& reactor, Shared& shared);

    const Routes& routes() const { return *routes_; }
    embed::Embedder* embedder() const { return embedder_.get(); }  // nullptr: none
    // Of the configured providers, and of what answers inference routes ("ranking/reference"); the place is told
    // without its key.
    using EndpointVisit =
        std::function<void(const std::string& provider, const std::string& place, const tiers::EndpointHealth& health)>;
    void each_endpoint(const EndpointVisit& visit) const;
    const tiers::EntryJudge& judge_of(const CascadeRoute& cascade) const { return *judges_.at(&cascade); }

    // The route that answers a POST at `path`; nullptr: none. Those of the Open Inference Protocol by their model.
    std::shared_ptr<const Plan> inference_at(std::string_view path) const;
    std::shared_ptr<const Plan> inference_of(std::string_view model) const;
    // The first of them; nullptr: none speaks it.
    std::shared_ptr<const Plan> first_open_inference() const;
    bool has_inference() const { return !inference_.empty(); }

    // nullptr: not resolved yet on this reactor; make() then.
    std::shared_ptr<const Plan> find(std::string_view model) const;
    // May wait for the ledger's name table (off the reactor) at a name's first appearance.
    Task<Result<std::shared_ptr<const Plan>>> make(std::string_view model, Shared& shared);

  private:
    void add_inference(const InferenceRoute& route, Shared& shared);
    void make_embedder(const std::string& identity);
    std::shared_ptr<tiers::ModelUpstream> upstream_of(const ModelRoute& model) const;
    void add_ladder(Plan& plan, Shared& shared) const;

    std::shared_ptr<const Routes> routes_;
    net::Reactor& reactor_;
    std::unordered_map<std::string, std::shared_ptr<tiers::ProviderLink>> links_;
    std::unordered_map<const CascadeRoute*, std::shared_ptr<tiers::ProviderLink>> webhooks_;
    std::unique_ptr<embed::EndpointEmbedder> embedder_;  // the semantic tier's; null: none
    std::unordered_map<const CascadeRoute*, std::unique_ptr<cascade::RulesEntryJudge>> judges_;
    std::unordered_map<const CascadeRoute*, std::vector<cascade::Rung>> rungs_;

    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    std::unordered_map<std::string, std::shared_ptr<const Plan>, NameHash, std::equal_to<>> plans_;
    std::vector<std::shared_ptr<const Plan>> inference_;
    std::unordered_map<std::string, std::shared_ptr<const Plan>, NameHash, std::equal_to<>> by_path_, by_model_;
};

// The keys as one reactor knows them; its own owner of the ring, so that requests don't count on one that all reactors
// share.
struct LaneKeys {
    std::shared_ptr<const limits::KeyRing> ring;
};
// Takes the place of an older ring; one that is older itself, overtaken on its way, does nothing.
void take_keys(std::shared_ptr<const limits::KeyRing> ring, std::shared_ptr<const LaneKeys>& in);

struct LaneCounters {
    std::array<std::atomic<std::uint64_t>, 6> by_status{};  // first digit of the status
    std::array<std::atomic<std::uint64_t>, cascade::kPromptClasses> by_class{};
    std::atomic<std::uint64_t> caller_gone{0};
    std::atomic<std::uint64_t> ledger_waits{0};
    std::atomic<std::uint64_t> followers{0};    // requests that followed another's flight
    std::atomic<std::uint64_t> handed_over{0};  // flights whose leader's caller left while others followed
    std::atomic<std::uint64_t> background_calls{0}, background_dropped{0}, refreshes{0};
    std::atomic<std::uint64_t> cache_audits{0}, tier_audits{0};  // of hits; of what model tiers and students answered
    std::atomic<std::uint64_t> retries{0}, fallbacks{0}, queued{0},
        ejections{0};  // calls for the reference (attempts.h)
    std::array<std::atomic<std::uint64_t>, limits::kLimits> limited_key{}, limited_tenant{};  // limits::Limit
    std::atomic<std::uint64_t> student_offers{0}, student_declined{0};  // asked, and had an answer to offer or not
};

struct Lane;
struct JudgeQueue;    // judge.cpp
struct GradingQueue;  // grading.cpp

// The tiers before the reference whose gates are learned, in order, as a course's name has them. One that is the
// reference itself is none; where a price is not known nothing can be weighed. `keeps`: examples are kept, of which a
// student is made, or which are shown to a model.
std::vector<std::string> learned_tiers(const CascadeRoute& cascade, const std::string& reference, bool keeps);

// A way to a lane that outlives it, for other threads.
class LaneLink : public std::enable_shared_from_this<LaneLink> {
  public:
    explicit LaneLink(Lane& lane) : lane_(&lane) {}
    // Runs `work` on the lane's reactor; false: the lane has gone. Any thread.
    bool call(std::function<void(Lane&)> work);
    void cut();

  private:
    std::mutex mutex_;
    Lane* lane_;
};

struct Lane {
    Lane(net::Reactor& owner, Shared& all)
        : reactor(owner), shared(all), ids(all.clock, owner.index()), telemetry(all.telemetry->add_lane()) {
        shared.caches.add_served(served);
    }
    ~Lane() { link->cut(); }

    net::Reactor& reactor;
    Shared& shared;
    RequestIds ids;
    std::shared_ptr<LaneRoutes> routes;
    std::shared_ptr<const LaneKeys> keys;
    std::shared_ptr<limits::BudgetFinder> budgets;  // null: none is configured
    LaneCounters counters;
    telemetry::LaneTelemetry& telemetry;
    std::unordered_set<std::uint64_t> named_tasks;
    wire::PromptMemo prompts;
    wire::RequestMemo requests;
    Repeats repeats;                             // of semantic hits
    std::vector<wire::ChatRequest> spare_chats;  // for their memory
    std::shared_ptr<ServedAnswers> served = std::make_shared<ServedAnswers>();
    const std::shared_ptr<LaneLink> link = std::make_shared<LaneLink>(*this);
    std::list<net::HttpCall*> background;            // calls under way (background.h); nullptr: cut off
    bool background_closed = false;                  // no more of them
    std::shared_ptr<JudgeQueue> judging;             // made when it is needed
    std::shared_ptr<const std::string> system_text;  // the last that an arbiter was made with: most have the same
    std::shared_ptr<GradingQueue> grading;           // the same
    std::atomic<std::size_t> background_running{0};  // until their rows are written
};

}  // namespace weir::gateway
