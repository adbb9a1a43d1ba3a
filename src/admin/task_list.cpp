#include "admin/task_list.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "admin/graded_json.h"
#include "admin/json_object.h"
#include "admin/ledger_question.h"
#include "base/hash.h"
#include "cascade/trial_log.h"
#include "store/flow.h"
#include "store/rollup_backfill.h"
#include "text/normalised.h"

namespace weir::admin {
namespace {

using cascade::CascadeLearner;
using Line = TaskList::Line;

enum class Sort : std::uint8_t { cost, requests, disagreement, name };
constexpr std::array<std::string_view, 4> kSorts = {"cost", "requests", "disagreement", "name"};

// How the lines are looked at; their sums do not depend on it.
struct Look {
    std::string search;
    Sort sort = Sort::cost;
    std::int64_t most = 50, offset = 0;
};

// True: the parameter was one of these.
Result<bool> read_look(const std::string& name, const std::string& value, Look& to) {
    if (name == "search") {
        to.search = value;
    } else if (name == "sort") {
        const auto* const found = std::find(kSorts.begin(), kSorts.end(), value);
        if (found == kSorts.end()) return fail(ErrorCode::invalid, "sort is cost, requests, disagreement or name");
        to.sort = static_cast<Sort>(found - kSorts.begin());
    } else if (name == "most" || name == "offset") {
        const bool most = name == "most";
        const auto number = whole_of(name, value, most ? 1 : 0, most ? kMostTasksListed : 1'000'000'000);
        if (!number) return tl::unexpected(number.error());
        (most ? to.most : to.offset) = *number;
    } else {
        return false;
    }
    return true;
}

// What of the question the sums depend on. `since=24h` stays as it is written: its sums are kept for a while.
std::string summed_part(const Parameters& parameters) {
    std::string text;
    Look ignored;
    for (const auto& [name, value] : parameters) {
        if (const auto look = read_look(name, value, ignored); !look || !*look) text += name + "=" + value + "&";
    }
    return text;
}

// Task names, of those that are listed.
Result<void> add_names(store::Database& database, std::unordered_map<std::uint64_t, std::size_t>& places,
                       std::vector<Line>& lines) {
    auto statement = store::Statement::prepare(database, "SELECT task, name FROM tasks");
    if (!statement) return tl::unexpected(statement.error());
    for (;;) {
        const store::Statement::Step step = statement->step();
        if (step == store::Statement::Step::done) return {};
        if (step == store::Statement::Step::failed) return tl::unexpected(database.last_error());
        const auto place = places.find(static_cast<std::uint64_t>(statement->column_int(0)));
        if (place != places.end()) lines[place->second].name = statement->column_text(1);
    }
}

// Whose requests a task had: as a rule one tenant's, cascade's and reference's.
struct Owner {
    store::NameId tenant = store::kNoName, cascade = store::kNoName, reference = store::kNoName;
    std::int64_t requests = 0;
};
using Owners = std::vector<Owner>;

void add_owner(Owners& owners, const store::FlowKey& key, std::int64_t requests) {
    const auto found = std::find_if(owners.begin(), owners.end(), [&](const Owner& one) {
        return one.tenant == key.tenant && one.cascade == key.cascade && one.reference == key.reference;
    });
    if (found != owners.end()) {
        found->requests += requests;
    } else {
        owners.push_back({key.tenant, key.cascade, key.reference, requests});
    }
}

const Owner& largest(const Owners& owners) {
    return *std::max_element(owners.begin(), owners.end(),
                             [](const Owner& a, const Owner& b) { return a.requests < b.requests; });
}

struct Proof {
    const CascadeLearner::View* course = nullptr;
    const CascadeLearner::View::Task* task = nullptr;  // null: the course has had no trial of it
    cascade::GradedCount audited;
};

class Knowledge {
  public:
    explicit Knowledge(const TaskKnowledge& known) : known_(known) {
        for (const CascadeLearner::View& course : known.courses) {
            const auto name = cascade::parse_course_name(course.name);
            if (!name) continue;
            const std::string whose = name->cascade + "\n" + name->reference;
            if (name->task.empty()) courses_.emplace(whose, &course);
            for (const CascadeLearner::View::Task& task : course.tasks) {
                if (!name->task.empty() && parse_hex(name->task) != task.task) continue;
                Proof proof{&course, &task, {}};
                for (const cascade::GradedCount& tier : task.audited) proof.audited += tier;
                proofs_.insert_or_assign(whose + "\n" + to_hex(task.task), proof);
            }
        }
        for (const gateway::Students::View& student : known.students) students_.emplace(student.key.task, &student);
    }

    Proof proof_of(const Line& line) const {
        const std::string whose = line.cascade + "\n" + line.reference;
        if (const auto found = proofs_.find(whose + "\n" + to_hex(line.task)); found != proofs_.end()) {
            return found->second;
        }
        const auto course = courses_.find(whose);
        return {course == courses_.end() ? nullptr : course->second, nullptr, {}};
    }

    const cascade::CascadeOptions* cascade_of(const Line& line) const {
        const auto found = std::find_if(known_.cascades.begin(), known_.cascades.end(),
                                        [&](const auto* each) { return each->name == line.cascade; });
        return found == known_.cascades.end() ? nullptr : *found;
    }

    std::string student_of(const Line& line) const {
        const auto [begin, end] = students_.equal_range(line.task);
        for (auto at = begin; at != end; ++at) {
            const tiers::student::StudentKey& key = at->second->key;
            if (key.tenant == line.tenant && key.cascade == line.cascade && key.reference == line.reference) {
                return file_name(key);
            }
        }
        return {};
    }

  private:
    const TaskKnowledge& known_;
    std::unordered_map<std::string, const CascadeLearner::View*> courses_;  // over whole cascades
    std::unordered_map<std::string, Proof> proofs_;
    std::unordered_multimap<std::uint64_t, const gateway::Students::View*> students_;
};

std::optional<cascade::Mode> own_mode(const cascade::CascadeOptions& cascade, const Line& line) {
    std::optional<cascade::Mode> mode;
    for (const std::string& name : {to_hex(line.task), line.name}) {
        const auto found = cascade.tasks.find(name);
        if (found != cascade.tasks.end()) mode = std::min(mode.value_or(found->second.mode), found->second.mode);
    }
    return mode;
}

void write_modes(JsonObject& object, const cascade::CascadeOptions* cascade, const Line& line) {
    if (cascade == nullptr) {
        for (const char* const name : {"mode", "mode_of_cascade", "mode_of_task"}) object.raw(name, "null");
        return;
    }
    const std::optional<cascade::Mode> own = own_mode(*cascade, line);
    object.text("mode", to_string(std::min(cascade->mode, own.value_or(cascade->mode))));
    object.text("mode_of_cascade", to_string(cascade->mode));
    object.text_or_null("mode_of_task", own ? to_string(*own) : std::string_view());
}

void write_proof(JsonObject& object, const Proof& proof) {
    const bool learned = proof.course != nullptr;
    object.text("state", proof.task != nullptr ? proof.task->state : learned ? "new" : "none");
    const auto share_or_null = [&](const char* name, bool known, double value) {
        known ? object.share(name, value) : object.raw(name, "null");
    };
    share_or_null("promise", learned, learned ? proof.course->options.promise : 0);
    share_or_null("confidence", learned, learned ? proof.course->options.confidence : 0);
    object.flag("certified", learned && proof.course->certificate.harm_price_usd.has_value());
    const bool audited = proof.audited.count() > 0;
    share_or_null("disagreement", audited, proof.audited.share());
    share_or_null("disagreement_low", audited, proof.audited.low(kGradedAlpha));
    share_or_null("disagreement_high", audited, proof.audited.high(kGradedAlpha));
    object.whole("audits", proof.audited.count());
    object.whole("trials", proof.task == nullptr ? 0 : proof.task->trials);
}

// What is known of each tier's answers to the task.
std::string tiers_json(const Proof& proof) {
    std::string list = "[";
    const auto name = proof.task == nullptr ? std::nullopt : cascade::parse_course_name(proof.course->name);
    for (std::size_t tier = 0; name && tier < std::min(name->tiers.size(), cascade::kMostModelTiers); ++tier) {
        const cascade::TaskPlan& plan = proof.task->plan;
        const auto* const end = plan.ladder.begin() + plan.rungs;
        if (tier > 0) list += ',';
        JsonObject object(list);
        object.text("tier", name->tiers[tier]);
        object.flag("in_ladder", std::find(plan.ladder.begin(), end, static_cast<std::uint8_t>(tier)) != end);
        object.raw("compared", graded_json(proof.task->graded[tier]));
        object.raw("audited", graded_json(proof.task->audited[tier]));
        object.end();
    }
    return list + "]";
}

void write_task(const Line& line, const Knowledge& known, bool alone, std::string& out) {
    JsonObject object(out);
    object.text("task", to_hex(line.task));
    object.text("name", line.name);
    object.text("tenant", line.tenant);
    object.text("cascade", line.cascade);
    object.text("reference", line.reference);
    write_modes(object, known.cascade_of(line), line);
    const Proof proof = known.proof_of(line);
    write_proof(object, proof);
    object.whole("requests", line.sums.requests);
    object.whole("errors", line.sums.errors);
    object.money("cost_usd", true, Usd{line.sums.cost});
    object.money("counterfactual_usd", true, Usd{line.sums.counterfactual});
    object.money("saved_usd", true, Usd{line.sums.saved});
    std::string requests;
    JsonObject by_tier(requests);
    for (std::size_t code = 1; code <= kTiers; ++code) {  // nobody last
        const std::int64_t count = line.by_tier[code % kTiers];
        if (count > 0) by_tier.whole(tier_name(code % kTiers), count);
    }
    by_tier.end();
    object.raw("by_tier", requests);
    object.text_or_null("student", known.student_of(line));
    if (alone) object.raw("tiers", tiers_json(proof));
    object.end();
}

// Each of the words, whatever its case, somewhere in what the task is called.
class Search {
  public:
    explicit Search(std::string_view text) {
        const std::string plain = text::normalised(text);
        for (std::string_view rest = plain; !rest.empty();) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            if (end > 0) words_.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    bool finds(const Line& line) const {
        if (words_.empty()) return true;
        const std::string in = text::normalised(line.name + " " + to_hex(line.task) + " " + line.tenant + " " +
                                                line.cascade + " " + line.reference);
        return std::all_of(words_.begin(), words_.end(),
                           [&](const std::string& word) { return in.find(word) != std::string::npos; });
    }

  private:
    std::vector<std::string> words_;
};

// Those that are found, in order.
std::vector<const Line*> in_order(const std::vector<Line>& lines, const Look& look, const Knowledge& known) {
    std::vector<const Line*> found;
    const Search search(look.search);
    for (const Line& line : lines) {
        if (search.finds(line)) found.push_back(&line);
    }
    std::unordered_map<std::uint64_t, double> worse;  // what is not known comes last
    if (look.sort == Sort::disagreement) {
        for (const Line* const line : found) {
            const cascade::GradedCount audited = known.proof_of(*line).audited;
            worse.emplace(line->task, audited.count() == 0 ? -1 : audited.share());
        }
    }
    const auto key = [&](const Line& line) {
        return look.sort == Sort::cost       ? static_cast<double>(line.sums.cost)
               : look.sort == Sort::requests ? static_cast<double>(line.sums.requests)
                                             : worse[line.task];
    };
    std::sort(found.begin(), found.end(), [&](const Line* a, const Line* b) {
        if (look.sort == Sort::name && a->name != b->name) {
            return a->name.empty() != b->name.empty() ? b->name.empty() : a->name < b->name;
        }
        if (look.sort != Sort::name && key(*a) != key(*b)) return key(*a) > key(*b);
        return a->task < b->task;
    });
    return found;
}

}  // namespace

Result<void> TaskList::read(const std::string& folder, std::string_view query, Micros now_unix_micros) {
    const auto ledger_question = LedgerQuestion::open(folder, query, now_unix_micros);
    if (!ledger_question) return tl::unexpected(ledger_question.error());
    const auto& [parameters, range, database, snapshot, names] = *ledger_question;
    store::FlowQuery flow{range.since_unix_micros, range.until_unix_micros, {}, store::Detail::task, {}};
    flow.coarsest = store::kLongestUnit;
    Look ignored;
    for (const auto& [name, value] : parameters) {
        if (is_of_range(name)) continue;
        const auto look = read_look(name, value, ignored);
        if (!look) return tl::unexpected(look.error());
        if (*look) continue;
        const auto filter = read_filter(name, value, names, flow.filter);
        if (!filter) return tl::unexpected(filter.error());
        if (!*filter) return unknown_parameter(name);
    }
    std::vector<Line> lines;
    std::unordered_map<std::uint64_t, std::size_t> places;
    std::vector<Owners> owners;  // of each line
    const auto add = [&](Micros, const store::FlowKey& key, const store::Sums& sums) {
        if (key.task == 0) return;  // refused before it had one
        const auto [place, fresh] = places.emplace(key.task, lines.size());
        if (fresh) {
            lines.emplace_back().task = key.task;
            owners.emplace_back();
        }
        Line& line = lines[place->second];
        add_owner(owners[place->second], key, sums.requests);
        line.sums += sums;
        line.by_tier[static_cast<std::size_t>(store::tier_code(key.tier))] += sums.requests;
    };
    if (auto read = store::read_flow(*database, flow, add); !read) return read;
    const auto complete = store::rollups_are_complete(*database);
    if (!complete) return tl::unexpected(complete.error());
    const auto name_of = [&names = names](store::NameId id) {
        const auto found = names.find(id);
        return found == names.end() ? std::string(kNoNameText) : found->second;
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Owner& owner = largest(owners[i]);
        lines[i].tenant = name_of(owner.tenant);
        lines[i].cascade = name_of(owner.cascade);
        lines[i].reference = name_of(owner.reference);
    }
    if (auto named = add_names(*database, places, lines); !named) return named;
    kept_ = {summed_part(parameters), now_unix_micros, *complete, std::move(lines)};
    return {};
}

Result<std::string> TaskList::render(const std::string& folder, std::string_view query, Micros now_unix_micros,
                                     const TaskKnowledge& knowledge) {
    const Result<Parameters> parameters = query_parameters(query);
    if (!parameters) return tl::unexpected(parameters.error());
    Look look;
    bool alone = false;
    for (const auto& [name, value] : *parameters) {
        if (const auto read = read_look(name, value, look); !read) return tl::unexpected(read.error());
        alone = alone || name == "task";
    }
    const bool is_kept = kept_.at != 0 && kept_.at <= now_unix_micros && now_unix_micros - kept_.at < kKeptMicros;
    if (!is_kept || kept_.question != summed_part(*parameters)) {
        if (auto done = read(folder, query, now_unix_micros); !done) return tl::unexpected(done.error());
    }
    const Knowledge known(knowledge);
    const std::vector<const Line*> found = in_order(kept_.lines, look, known);
    const std::size_t begin = std::min(static_cast<std::size_t>(look.offset), found.size());
    const std::size_t end = std::min(begin + static_cast<std::size_t>(look.most), found.size());
    std::string out, list = "[";
    for (std::size_t i = begin; i < end; ++i) {
        if (i > begin) list += ',';
        write_task(*found[i], known, alone, list);
    }
    JsonObject object(out);
    object.raw("tasks", list + "]");
    object.whole("total", found.size());
    object.flag("complete", kept_.complete);
    object.end();
    return out;
}

namespace {

// What is learned for the tiers as they are configured; other courses are of earlier ones.
bool is_in_force(const gateway::Routes& routes, const std::string& course) {
    const auto name = cascade::parse_course_name(course);
    if (!name) return false;
    for (const gateway::InferenceRoute& route : routes.inference()) {
        if (route.options.name == name->cascade) return route.options.tiers.size() == name->tiers.size();
    }
    for (const gateway::CascadeRoute& cascade : routes.cascades()) {
        const std::optional<cascade::Promise>& promise = cascade.options.promise;
        if (cascade.options.name != name->cascade || !promise) continue;
        if (promise->by_harm != name->by_harm || promise->over_task == name->task.empty()) continue;
        for (const bool keeps : {true, false}) {
            if (gateway::learned_tiers(cascade, name->reference, keeps) == name->tiers) return true;
        }
    }
    return false;
}

}  // namespace

TaskKnowledge task_knowledge(gateway::Gateway& gateway) {
    TaskKnowledge known;
    known.routes = gateway.routes();
    for (const gateway::CascadeRoute& cascade : known.routes->cascades()) known.cascades.push_back(&cascade.options);
    for (const gateway::InferenceRoute& route : known.routes->inference()) {
        known.cascades.push_back(&route.cascade.options);
    }
    for (CascadeLearner::View& view : gateway.cascades().views()) {
        if (is_in_force(*known.routes, view.name)) known.courses.push_back(std::move(view));
    }
    known.students = gateway.students().views();
    return known;
}

void add_task_list(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/tasks", AdminRole::view, RunOn::admin_worker,
                [&gateway, list = std::make_shared<TaskList>()](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body = list->render(gateway.routes()->options().data_folder, call.head.query(),
                                                            gateway.clock().unix_micros(), task_knowledge(gateway));
                    if (!body) return tl::unexpected(body.error());
                    return AdminReply{std::move(*body)};
                }});
}

}  // namespace weir::admin
