#include "gateway/served_answers.h"

#include <algorithm>

namespace weir::gateway {
namespace {

using tiers::semantic::Look;

// Null: there is no lesson in it.
std::shared_ptr<const Look> trimmed(const Look& look, const Digest256& served) {
    if (look.asked.size() > ServedAnswers::kTextBytes) return nullptr;
    const auto seen = std::find_if(look.seen.begin(), look.seen.end(),
                                   [&](const Look::Seen& candidate) { return candidate.key == served; });
    if (seen == look.seen.end() || seen->question.size() > ServedAnswers::kTextBytes) return nullptr;
    auto kept = std::make_shared<Look>();
    kept->task = look.task;
    kept->asked = look.asked;
    kept->seen.push_back(*seen);
    kept->let_through = look.let_through;
    return kept;
}

std::size_t bytes_of(const ServedAnswer& answer) {
    std::size_t bytes = sizeof(ServedAnswer) + answer.asked.capacity() + answer.said.capacity();
    if (!answer.look) return bytes;
    bytes += sizeof(Look) + answer.look->asked.capacity();
    for (const Look::Seen& seen : answer.look->seen) bytes += sizeof seen + seen.question.capacity();
    return bytes;
}

}  // namespace

void ServedAnswers::note(ServedAnswer answer) {
    if (answer.look) answer.look = trimmed(*answer.look, answer.key);
    if (!answer.look) answer.promise = nullptr;
    for (std::string* text : {&answer.asked, &answer.said}) {
        if (text->size() > kTextBytes) *text = {};
    }
    const std::lock_guard lock(mutex_);
    bytes_ += bytes_of(answer);
    answers_.push_back(std::move(answer));
    while (answers_.size() > kKept || bytes_ > kMostBytes) {
        bytes_ -= bytes_of(answers_.front());
        answers_.pop_front();
    }
}

std::optional<ServedAnswer> ServedAnswers::take(RequestId request) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(answers_.rbegin(), answers_.rend(),
                                    [&](const ServedAnswer& answer) { return answer.request == request; });
    if (found == answers_.rend()) return std::nullopt;
    ServedAnswer answer = *found;
    bytes_ -= bytes_of(*found);
    found->look = nullptr;
    found->promise = nullptr;
    found->complain = nullptr;
    bytes_ += bytes_of(*found);
    return answer;
}

std::size_t ServedAnswers::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

}  // namespace weir::gateway
