#include "tiers/student/student_tier.h"

#include "wire/plain_answer.h"

namespace weir::tiers::student {
namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;
constexpr std::size_t kBytesPerToken = 4;

Tokens tokens_of(std::string_view text) {
    return static_cast<Tokens>((text.size() + kBytesPerToken - 1) / kBytesPerToken);
}

}  // namespace

std::shared_ptr<const ShelvedStudent> StudentTier::student_for(const Question& question) const {
    const auto students = shelf_.find(question.tenant, rules_->course.cascade, rules_->course.reference, question.task);
    if (!students) return nullptr;
    // A task that was found by its prompt has one instruction and one form.
    if (!question.task_is_named) return students->size() == 1 ? students->front() : nullptr;
    const auto digest = [&](std::string_view text, bool redact) -> std::uint64_t {
        if (text.empty()) return 0;
        return store::example_digest(question.tenant, redact ? rules_->redaction.apply(text) : std::string(text));
    };
    const std::uint64_t system = digest(question.chat.system_text, true);
    const std::uint64_t form = digest(wire::prompt_parts(question.chat).response_format, false);
    for (const auto& student : *students) {
        if (student->key.system == system && student->key.response_format == form) return student;
    }
    return nullptr;
}

bool StudentTier::offer_at_once(const Question& question, Climb& climb) {
    climb.attempt.tier = store::TierKind::student;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.model = name_;
    climb.attempt.priced = true;
    const wire::ChatRequest& chat = question.chat;
    if (!rules_ || chat.has_tools || chat.n != 1 || !chat.history.empty()) {
        climb.reason = "not a student's question";
        return true;
    }
    const auto student = student_for(question);
    const auto asked = student ? wire::question_text(chat) : std::nullopt;
    if (!asked) {
        climb.reason = "no student yet";
        return true;
    }
    const StudentAnswer answer =
        student->model->answer(rules_->redaction.empty() ? *asked : rules_->redaction.apply(*asked));
    if (answer.declined != Declined::no) {
        climb.reason = "declined: " + std::string(to_string(answer.declined));
        return true;
    }
    auto entry = std::make_shared<CacheEntry>();
    entry->usage.input_uncached = tokens_of(chat.system_text) + tokens_of(*asked);
    entry->usage.output = tokens_of(answer.text);
    entry->created_unix_micros = clock_.unix_micros();
    entry->model = kStudentName;
    entry->priced = true;
    entry->body = wire::render_plain_answer("chatcmpl-weir", kStudentName,
                                            entry->created_unix_micros / kMicrosPerSecond, answer.text, entry->usage);
    Offer offer;
    if (auto read = wire::read_chat_answer(entry->body)) offer.read = std::move(*read);
    offer.sure = answer.log_probability;
    offer.answer = std::move(entry);
    climb.attempt.evidence = static_cast<float>(answer.log_probability);
    climb.offer = std::move(offer);
    return true;
}

Task<Climb> StudentTier::offer(const Question& question, Cancellation&) {
    Climb climb;
    offer_at_once(question, climb);
    co_return climb;
}

}  // namespace weir::tiers::student
