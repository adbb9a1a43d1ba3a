// What students know of the examples that they are made of: how many there are, and how far they agree.
#include <algorithm>

#include "gateway/students.h"

namespace weir::gateway {

using tiers::student::StudentKey;

void Students::measure(std::map<std::string, Measure> cascades, Heard heard) {
    {
        const std::lock_guard lock(mutex_);
        measures_ = std::move(cascades);
        heard_ = std::move(heard);
        repeats_changed_ = woken_ = true;
    }
    changed_.notify_all();
}

std::vector<Students::View> Students::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> all;
    all.reserve(views_.size());
    for (const auto& [key, view] : views_) all.push_back(seen(view));
    return all;
}

// As it is now, as far as that can be told without a look at the files. With mutex_.
Students::View Students::seen(const View& view) const {
    View now = view;
    const auto looked = looked_.find(task_key(view.key));
    if (looked == looked_.end()) return now;
    now.itself = looked->second.itself;
    if (looked->second.alone) now.kept += looked->second.now - looked->second.added;
    return now;
}

void Students::note_added(const std::vector<store::ExampleTask>& tasks) {
    const std::lock_guard lock(mutex_);
    for (const store::ExampleTask& task : tasks) {
        const auto looked = looked_.find(task_key(task));
        if (looked == looked_.end()) continue;
        looked->second.now = std::max(looked->second.added, task.count.added);
    }
}

Students::Groups Students::groups_of(const store::ExampleTask& task, const std::vector<store::Example>& kept,
                                     SelfAgreement& itself) {
    Groups groups;
    for (const store::Example& example : kept) {
        if (!example.content) continue;
        const StudentKey key{task.tenant, task.course.cascade, task.course.reference,
                             task.task,   example.system,      example.response_format};
        groups[key].push_back(&example);
    }
    std::vector<cascade::AgreementRules> rules;
    {
        const std::lock_guard lock(mutex_);
        const auto found = measures_.find(task.course.cascade);
        if (found != measures_.end()) rules = found->second.rules;
    }
    for (auto& [key, examples] : groups) {
        const Micros since = learned_since(key);
        std::erase_if(examples, [since](const store::Example* example) { return example->unix_micros < since; });
        itself += self_agreement(examples, rules);
        std::erase_if(examples, [](const store::Example* example) { return !example->may_distil; });
    }
    std::erase_if(groups, [](const auto& group) { return group.second.empty(); });
    return groups;
}

std::uint64_t Students::missing(const std::vector<const store::Example*>& examples, const StudentMarks& marks) {
    if (examples.size() < kFirstExamples) return kFirstExamples - examples.size();
    if (marks.rolled_back_unix_micros == 0) return 0;
    const auto newer = static_cast<std::uint64_t>(std::count_if(
        examples.begin(), examples.end(),
        [&marks](const store::Example* example) { return example->unix_micros >= marks.rolled_back_unix_micros; }));
    return newer >= marks.held_for ? 0 : marks.held_for - newer;
}

// Of those that have too few for a student the largest alone is shown, where the task has no other.
void Students::note_kept(const store::ExampleTask& task, const Groups& groups, const SelfAgreement& itself,
                         std::uint64_t next, std::uint64_t purged) {
    const std::lock_guard files(files_mutex_);
    if (purges_ != purged) return;
    const StudentKey* largest = nullptr;
    std::size_t most = 0;
    std::map<StudentKey, StudentMarks> marks;
    for (const auto& [key, examples] : groups) {
        marks[key] = read_marks(file_of(key));
        if (examples.size() <= most) continue;
        most = examples.size();
        largest = &key;
    }
    const TaskKey whose = task_key(task);
    const std::lock_guard lock(mutex_);
    Looked& looked = looked_[whose];
    repeats_changed_ = repeats_changed_ || !(looked.itself.drawn == itself.drawn);
    looked = {itself, task.count.added, task.count.added, groups.size() == 1};
    const auto is_mere = [&](const View& view) {
        return view.examples == 0 && view.why.empty() && view.marks == StudentMarks{};
    };
    std::erase_if(views_, [&](const auto& view) {
        return task_key(view.first) == whose && is_mere(view.second) && largest != nullptr && !(view.first == *largest);
    });
    const bool shown =
        std::any_of(views_.begin(), views_.end(), [&](const auto& view) { return task_key(view.first) == whose; });
    if (!shown && largest != nullptr) views_[*largest].key = *largest;
    for (const auto& [key, examples] : groups) {
        if (marks[key].demoted_unix_micros > 0) views_[key].key = key;
        const auto found = views_.find(key);
        if (found == views_.end()) continue;
        View& view = found->second;
        view.marks = marks[key];
        view.kept = examples.size();
        const bool held = view.marks.rolled_back_unix_micros > 0;
        view.wanted = groups.size() > 1 && !held ? (view.examples == 0 ? kFirstExamples : 0)
                      : held                     ? view.kept + missing(examples, view.marks)
                                                 : std::max(kFirstExamples, view.kept + next - looked.added);
    }
}

// What the reference says of itself, to whom it is a yardstick.
void Students::tell_repeats() {
    std::map<std::pair<std::string, std::string>, cascade::TaskRepeats> all;
    Heard heard;
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(repeats_changed_, false) || !heard_) return;
        heard = heard_;
        for (const auto& [key, looked] : looked_) {
            const auto& [tenant, cascade, reference, task] = key;
            const auto measure = measures_.find(cascade);
            if (measure == measures_.end() || !measure->second.told) continue;
            cascade::OwnRepeats& of = all[{cascade, reference}][task];
            of.asked += looked.itself.drawn.asked;
            of.differ += looked.itself.drawn.differ;
        }
    }
    for (const auto& of : told_) all.try_emplace(of);  // nothing is known of it any more
    told_.clear();
    for (auto& [of, repeats] : all) {
        if (!repeats.empty()) told_.insert(of);
        heard(of.first, of.second, std::move(repeats));
    }
}

}  // namespace weir::gateway
