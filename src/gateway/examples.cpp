#include "gateway/examples.h"

#include <algorithm>

#include "base/log.h"
#include "cascade/cacheable.h"
#include "gateway/coin.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "tiers/student/student_tier.h"
#include "wire/answer_flaw.h"
#include "wire/answer_text.h"
#include "wire/chat_answer.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kApi = "openai.chat";
// What a student hears, as it stands in a request and in an answer: of what it may be asked and what is kept.
constexpr std::size_t kMostHeardPrompt = tiers::student::kMostSpelled * tiers::student::kMostLivePromptBytes;
constexpr std::size_t kMostHeardBody = 2 * tiers::student::kMostSpelled * store::kMostAnswerBytes;

bool says_not_to_store(std::string_view body, const std::vector<json::Member>& members) {
    return std::any_of(members.begin(), members.end(), [body](const json::Member& member) {
        return member.key == "store" && json::as_bool(member.raw(body)) == false;
    });
}

bool may_keep(const ChatLife& life) {
    const std::vector<std::string>& opted_out = life.plan->cascade->options.cache.never_for;
    if (life.mode == cascade::Mode::off || life.cache_wish == CacheWish::no_store) return false;
    if (std::find(opted_out.begin(), opted_out.end(), life.tenant->name) != opted_out.end()) return false;
    if (says_not_to_store(life.chat.body, life.chat.members)) return false;
    if (!life.foreign) return true;
    std::vector<json::Member> members;  // what a dialect leaves out on its way to a chat
    const std::string_view body = life.exchange.body();
    return json::members(body, members).has_value() && !says_not_to_store(body, members);
}

// The question's embedding, where the semantic tier has made one.
store::ExampleVector vector_of(const ChatLife& life) {
    store::ExampleVector vector;
    const embed::Embedder* const embedder = life.routes->embedder();
    if (!life.look || embedder == nullptr) return vector;
    const embed::Int8Vector& made = life.look->vectors[tiers::semantic::kDenseSpace];
    if (made.empty()) return vector;
    vector.model = embed::identity_digest(embedder->identity());
    vector.scale = made.scale();
    vector.codes.assign(reinterpret_cast<const char*>(made.codes().data()), made.codes().size());
    return vector;
}

// Everything but the answer.
store::ExampleDraft asked(const ChatLife& life) {
    store::ExampleDraft draft;
    draft.rules = life.plan->examples;
    draft.tenant = life.tenant->name;
    draft.unix_micros = life.row.started_unix_micros;
    draft.request = life.row.id;
    draft.task = life.row.task;
    draft.model = life.plan->reference->full_name;
    draft.api = life.dialect == nullptr ? kApi : life.dialect->name();
    draft.system = life.chat.system_text;
    draft.response_format = wire::prompt_parts(life.chat).response_format;
    draft.prompt = wire::question_text(life.chat).value_or("");
    if (draft.rules->content) draft.vector = vector_of(life);
    return draft;
}

// Only what a caller would have been glad of.
bool take_answer(store::ExampleDraft& draft, std::string_view body, const wire::ChatAnswer& read) {
    if (!cascade::storable_answer(read)) return false;
    if (wire::flaw_of(draft.response_format, read, body) != wire::AnswerFlaw::none) return false;
    std::optional<std::string> answer = wire::answer_text(body);
    if (!answer) return false;
    draft.answer = std::move(*answer);
    return true;
}

std::shared_ptr<const tiers::student::ShelvedStudent> student_of(const ChatLife& life) {
    const Shared& shared = life.lane.shared;
    if (shared.shelf == nullptr || !life.plan->examples) return nullptr;
    tiers::Question question{life.chat, life.tenant->name};
    question.task = life.row.task;
    question.task_is_named = !life.task_name.empty();
    return tiers::student::student_for(question, *shared.shelf, *life.plan->examples);
}

}  // namespace

std::shared_ptr<const store::ExampleRules> example_rules(const cascade::CascadeOptions& cascade,
                                                         const std::string& reference, bool may_distil) {
    const store::ExampleOptions& options = cascade.examples;
    if (options.keeping == store::ExampleKeeping::none) return nullptr;
    auto redaction = text::Redaction::make(options.redact);
    if (!redaction) {  // the configuration was checked: nothing is better than what should have been taken out
        log_error("examples: " + redaction.error().message);
        return nullptr;
    }
    auto rules = std::make_shared<store::ExampleRules>();
    rules->course = {cascade.name, reference};
    rules->content = options.keeping == store::ExampleKeeping::content;
    rules->may_distil = may_distil;
    rules->keep_micros = options.keep_micros;
    rules->most = options.most;
    rules->redaction = std::move(*redaction);
    return rules;
}

bool keeps_example(const ChatLife& life) {
    if (!life.plan->examples || life.lane.shared.examples == nullptr) return false;
    const wire::ChatRequest& chat = life.chat;
    return chat.n == 1 && !chat.has_tools && chat.history.empty() && !chat.question.empty() && may_keep(life);
}

void keep_example(const ChatLife& life, std::string_view body, const wire::ChatAnswer& read) {
    store::ExampleDraft draft = asked(life);
    if (take_answer(draft, body, read)) life.lane.shared.examples->offer(std::move(draft));
}

ExampleKeeper example_keeper_of(const ChatLife& life) {
    if (!life.keeps_example) return {};
    return [&store = *life.lane.shared.examples, draft = asked(life)](std::string_view body, bool repeat) {
        store::ExampleDraft with_answer = draft;
        with_answer.repeat = repeat;
        const auto read = wire::read_chat_answer(body);
        if (read && take_answer(with_answer, body, *read)) store.offer(std::move(with_answer));
    };
}

bool student_audit_falls(const ChatLife& life, double share) {
    const auto student = student_of(life);
    if (!student) return falls(life.row.id, share, kAuditOfLadder);
    return student->audit_falls(share, uniform(life.row.id, kAuditOfLadder));
}

std::function<void(std::string_view body)> student_listener(const ChatLife& life, tiers::student::LabelWatch::Of of) {
    // A reactor reads and redacts what is heard: nothing of what a student is never asked, nor of what is never kept.
    if (!life.keeps_example || life.chat.question.size() > kMostHeardPrompt) return {};
    Shared& shared = life.lane.shared;
    auto of_task = student_of(life);
    if (!of_task) return {};
    const std::string asked = life.plan->examples->redaction.apply(wire::question_text(life.chat).value_or(""));
    store::ExampleDraft draft;
    draft.response_format = wire::prompt_parts(life.chat).response_format;
    return [&shared, plan = life.plan, student = std::move(of_task), asked, draft = std::move(draft), of,
            when = life.row.started_unix_micros](std::string_view body) {
        bool another_world = student->take_strange();
        store::ExampleDraft answered = draft;
        if (body.size() <= kMostHeardBody) {
            const auto read = wire::read_chat_answer(body);
            if (read && take_answer(answered, body, *read) && answered.answer.size() <= store::kMostAnswerBytes &&
                student->heard(asked, plan->examples->redaction.apply(answered.answer), of, when)) {
                another_world = shared.shelf->take_away_outdated(*student) || another_world;
            }
        }
        if (!another_world) return;
        cascade::Trial doubt;
        doubt.task = student->key.task;
        doubt.doubt = true;
        if (auto course = plan->course_of(doubt.task, shared.cascades)) shared.cascades.learn(std::move(course), doubt);
    };
}

}  // namespace weir::gateway
