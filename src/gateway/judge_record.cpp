#include "gateway/judge_record.h"

#include <algorithm>

namespace weir::gateway {

double JudgeRecord::consistency() const {
    return last_.empty() ? 1 : static_cast<double>(last_agreed_) / static_cast<double>(last_.size());
}

JudgeRecord::Orders JudgeRecord::next(Micros now) {
    const std::lock_guard lock(mutex_);
    const bool probe = ++planned_ % kProbe == 0;
    const bool on_trial = trials_ < kTrialPairs || last_.size() < kTrialPairs / 2;
    const bool hopeless = !on_trial && consistency() < kHopeless;
    if (now < paused_until_ || (hopeless && !probe)) {
        ++view_.passed_over;
        return Orders::none;
    }
    if (!on_trial && !probe && consistency() >= kConsistent) return Orders::one;
    ++trials_;
    return Orders::both;
}

void JudgeRecord::concluded(wire::JudgeWord word, Ending ending) {
    const std::lock_guard lock(mutex_);
    switch (word) {
        case wire::JudgeWord::same:
            ++view_.same;
            break;
        case wire::JudgeWord::a:
            ++view_.a;
            break;
        case wire::JudgeWord::b:
            ++view_.b;
            break;
        case wire::JudgeWord::none:
            ++view_.none;
            break;
    }
    if (ending == Ending::one_order || ending == Ending::failed) return;
    const bool agreed = ending == Ending::agreed;
    if (ending == Ending::unreadable) {
        ++view_.unreadable;
    } else {
        ++view_.twice;
        view_.agreed += agreed ? 1 : 0;
    }
    last_.push_back(agreed);
    last_agreed_ += agreed ? 1 : 0;
    if (last_.size() <= kWindow) return;
    last_agreed_ -= last_.front() ? 1 : 0;
    last_.pop_front();
}

void JudgeRecord::answered(Usd cost) {
    const std::lock_guard lock(mutex_);
    ++view_.calls;
    view_.cost.nanos += cost.nanos;
    failures_ = 0;
    paused_until_ = 0;
}

void JudgeRecord::failed(Micros now) {
    const std::lock_guard lock(mutex_);
    ++view_.calls;
    ++view_.failed;
    if (++failures_ < kFailures) return;
    const std::uint32_t doublings = std::min<std::uint32_t>(failures_ - kFailures, 16);
    paused_until_ = now + std::min(kMostPauseMicros, kFirstPauseMicros << doublings);
}

void JudgeRecord::dropped() {
    const std::lock_guard lock(mutex_);
    ++view_.dropped;
}

std::optional<Judgement> JudgeRecord::remembered(const Digest256& pair) {
    const std::lock_guard lock(mutex_);
    const auto found = where_.find(pair);
    if (found == where_.end()) return std::nullopt;
    known_.splice(known_.begin(), known_, found->second);
    ++view_.remembered;
    Judgement judgement = found->second->judgement;
    judgement.cost = {};
    return judgement;
}

void JudgeRecord::remember(const Digest256& pair, const Judgement& judgement) {
    const std::lock_guard lock(mutex_);
    if (const auto found = where_.find(pair); found != where_.end()) {
        found->second->judgement = judgement;
        return;
    }
    known_.push_front({pair, judgement});
    where_.emplace(pair, known_.begin());
    if (known_.size() <= kRemembered) return;
    where_.erase(known_.back().pair);
    known_.pop_back();
}

JudgeRecord::View JudgeRecord::view() const {
    const std::lock_guard lock(mutex_);
    View view = view_;
    if (!last_.empty()) view.consistency = consistency();
    return view;
}

std::shared_ptr<JudgeRecord> JudgeBook::record_of(const std::string& cascade, const std::string& judge) {
    const std::lock_guard lock(mutex_);
    const auto name = std::make_pair(cascade, judge);
    if (const auto found = records_.find(name); found != records_.end()) return found->second;
    if (records_.size() >= kMost) records_.clear();
    return records_.emplace(name, std::make_shared<JudgeRecord>()).first->second;
}

std::vector<JudgeRecord::View> JudgeBook::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<JudgeRecord::View> views;
    for (const auto& [name, record] : records_) {
        views.push_back(record->view());
        views.back().cascade = name.first;
        views.back().judge = name.second;
    }
    return views;
}

}  // namespace weir::gateway
