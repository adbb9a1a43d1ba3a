#include "gateway/agreement_book.h"

#include <algorithm>

namespace weir::gateway {

std::string_view AgreementBook::View::commonest() const {
    const auto found = std::max_element(by.begin(), by.end(),
                                        [](const auto& a, const auto& b) { return a.second.all() < b.second.all(); });
    return found == by.end() ? std::string_view() : found->first;
}

AgreementBook::Page* AgreementBook::page(std::uint64_t task) {
    const auto found = pages_.find(task);
    if (found != pages_.end()) return &found->second;
    if (pages_.size() >= kMost) return nullptr;
    Page& made = pages_[task];
    made.view.task = task;
    return &made;
}

void AgreementBook::compared(std::uint64_t task, cascade::AgreementForm form, std::string_view how,
                             cascade::Agreed agreed) {
    const std::lock_guard lock(mutex_);
    Page* const at = page(task);
    if (at == nullptr) return;
    at->view.form = form;
    Counts& counts = at->view.by[how];
    ++(agreed == cascade::Agreed::agree    ? counts.agree
       : agreed == cascade::Agreed::differ ? counts.differ
                                           : counts.undecided);
}

bool AgreementBook::take_repeat(std::uint64_t task, std::uint64_t most) {
    if (most == 0) return false;
    const std::lock_guard lock(mutex_);
    Page* const at = page(task);
    if (at == nullptr || at->asked >= most) return false;
    ++at->asked;
    return true;
}

void AgreementBook::give_repeat_back(std::uint64_t task) {
    const std::lock_guard lock(mutex_);
    Page* const at = page(task);
    if (at != nullptr && at->asked > 0) --at->asked;
}

void AgreementBook::repeated(std::uint64_t task, bool worse) {
    const std::lock_guard lock(mutex_);
    Page* const at = page(task);
    if (at == nullptr) return;
    ++at->view.repeats;
    at->view.repeats_worse += worse ? 1 : 0;
}

std::vector<AgreementBook::View> AgreementBook::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> views;
    views.reserve(pages_.size());
    for (const auto& [task, page] : pages_) views.push_back(page.view);
    return views;
}

}  // namespace weir::gateway
