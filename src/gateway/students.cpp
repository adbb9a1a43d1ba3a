#include "gateway/students.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "base/log.h"
#include "tiers/student/student_trainer.h"

namespace weir::gateway {

using tiers::student::StudentKey;

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(200);
constexpr Micros kMostCredit = 10'000'000;
constexpr int kCreditShare = 5;  // a fifth of the time that passes
constexpr std::size_t kMostSinceBytes = 32;
// Below all that serves; what it may take at most says the credit, also where the machine is idle.
constexpr int kPriority = 5;

// Of this thread.
Micros processor_micros() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return Micros{used.tv_sec} * 1'000'000 + used.tv_nsec / 1'000;
}

}  // namespace

Students::Students(store::ExampleStore& examples, tiers::student::StudentShelf& shelf, std::string folder,
                   const Clock& clock)
    : examples_(examples), shelf_(shelf), folder_(std::move(folder)), clock_(clock) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Students::~Students() {
    thread_.request_stop();
    changed_.notify_all();
}

void Students::wanted(std::set<std::string> cascades) {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = std::move(cascades);
    }
    changed_.notify_all();
}

std::vector<Students::View> Students::views() const {
    const std::lock_guard lock(mutex_);
    std::vector<View> all;
    all.reserve(views_.size());
    for (const auto& [key, view] : views_) all.push_back(view);
    return all;
}

std::string Students::file_of(const StudentKey& key) const {
    return folder_ + "/" + file_name(key) + ".student";
}

void Students::run(const std::stop_token& stop) {
    // On Linux a thread has a priority of its own.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kPriority);
    while (!stop.stop_requested()) {
        std::set<std::string> wanted;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, kLookEvery, [] { return false; });
            wanted = wanted_;
        }
        drop_orphans();
        for (const StudentKey& key : shelf_.outdated()) begin_anew(key);
        if (wanted.empty()) continue;
        for (const store::ExampleTask& task : examples_.tasks()) {
            if (stop.stop_requested()) return;
            if (!wanted.contains(task.course.cascade)) continue;
            Task& state = tasks_[TaskKey(task.tenant, task.course.cascade, task.course.reference, task.task)];
            if (state.opened && task.count.added < state.next) continue;
            rest(stop);
            const Micros before = processor_micros();
            look(task, state, stop);
            credit_ -= processor_micros() - before;
        }
    }
}

void Students::rest(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const Micros now = clock_.steady_micros();
        credit_ = credited_ == 0 ? kMostCredit : std::min(kMostCredit, credit_ + (now - credited_) / kCreditShare);
        credited_ = now;
        if (credit_ > 0) return;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, kLookEvery, [] { return false; });
    }
}

void Students::look(const store::ExampleTask& task, Task& state, const std::stop_token& stop) {
    const auto kept = examples_.examples(task.tenant, task.course, task.task);
    if (!kept) return log_warning("students: " + kept.error().message);
    std::map<StudentKey, std::vector<const store::Example*>> groups;
    for (const store::Example& example : *kept) {
        if (!example.content || !example.may_distil) continue;
        const StudentKey key{task.tenant, task.course.cascade, task.course.reference,
                             task.task,   example.system,      example.response_format};
        groups[key].push_back(&example);
    }
    const bool first = !state.opened;
    state.opened = true;
    bool learned = groups.empty();
    for (auto& [key, examples] : groups) {
        const Micros since = learned_since(key);
        std::erase_if(examples, [since](const store::Example* example) { return example->unix_micros < since; });
        if (first && open(key)) {
            learned = true;
            continue;
        }
        if (examples.size() < kFirstExamples) continue;
        learned = true;
        train(key, examples, stop);
    }
    if (first && task.count.added < kFirstExamples) return;
    const double factor = learned ? kGrowth : 2;
    state.next = static_cast<std::uint64_t>(factor * static_cast<double>(task.count.added)) + 1;
}

bool Students::open(const StudentKey& key) {
    const std::string file = file_of(key);
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return false;
    auto model = tiers::student::StudentModel::open(file);
    if (!model) {
        log_warning("students: " + model.error().message);
        return false;
    }
    auto student = std::make_shared<tiers::student::ShelvedStudent>(key, std::move(*model), clock_.unix_micros());
    if (const auto before = shelf_.find(key.tenant, key.cascade, key.reference, key.task)) {
        for (const auto& other : *before) {
            if (other->key == key) student->follow(*other);
        }
    }
    const std::lock_guard lock(mutex_);
    View& view = views_[key];
    view = {key, student->model->examples(), student->trained_unix_micros, student->model->bytes(), {}};
    shelf_.put(std::move(student));
    return true;
}

void Students::train(const StudentKey& key, const std::vector<const store::Example*>& examples,
                     const std::stop_token& stop) {
    std::vector<tiers::student::StudentExample> shown;
    shown.reserve(examples.size());
    for (const store::Example* example : examples) shown.push_back({example->prompt, example->answer});
    const auto bytes = tiers::student::train_student(shown, {}, stop);
    if (!bytes) {
        if (bytes.error().code != ErrorCode::canceled) note(key, bytes.error().message);
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    const std::string file = file_of(key);
    // What is mapped stays readable under its other name.
    if (std::filesystem::exists(file, error)) std::filesystem::rename(file, file + ".before", error);
    if (auto written = write_file(file, *bytes); !written) return log_warning("students: " + written.error().message);
    if (open(key)) {
        log_info("students: task " + to_hex(key.task) + ": a student of " + std::to_string(examples.size()) +
                 " examples, " + std::to_string(bytes->size()) + " bytes");
    }
}

// Kept beside the student, so that a restart does not learn from what is outdated.
Micros Students::learned_since(const StudentKey& key) const {
    const auto text = read_file(file_of(key) + ".since", kMostSinceBytes);
    Micros since = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), since);
    return since;
}

void Students::begin_anew(const StudentKey& key) {
    const std::string file = file_of(key);
    std::error_code error;
    std::filesystem::remove(file, error);
    std::filesystem::remove(file + ".before", error);
    Micros since = clock_.unix_micros();
    if (const auto kept = examples_.examples(key.tenant, {key.cascade, key.reference}, key.task)) {
        if (!kept->empty()) since = (*kept)[kept->size() - std::min(kept->size(), kKeptExamples)].unix_micros;
    }
    if (auto written = write_file(file + ".since", std::to_string(since)); !written) {
        log_warning("students: " + written.error().message);
    }
    log_info("students: task " + to_hex(key.task) + ": the reference says what the student can't; it begins anew");
    const auto count = examples_.count(key.tenant, {key.cascade, key.reference}, key.task);
    tasks_[TaskKey(key.tenant, key.cascade, key.reference, key.task)].next =
        count.added + kFirstExamples - kKeptExamples;
    const std::lock_guard lock(mutex_);
    views_[key] = {key, 0, 0, 0, "the reference says what the student could not"};
}

void Students::note(const StudentKey& key, std::string why) {
    const std::lock_guard lock(mutex_);
    View& view = views_[key];
    view.key = key;
    view.why = std::move(why);
}

void Students::drop_orphans() {
    for (const auto& student : shelf_.all()) {
        const StudentKey& key = student->key;
        if (examples_.count(key.tenant, {key.cascade, key.reference}, key.task).kept > 0) continue;
        shelf_.take_away(key);
        std::error_code error;
        std::filesystem::remove(file_of(key), error);
        std::filesystem::remove(file_of(key) + ".before", error);
        std::filesystem::remove(file_of(key) + ".since", error);
        tasks_.erase(TaskKey(key.tenant, key.cascade, key.reference, key.task));
        const std::lock_guard lock(mutex_);
        views_.erase(key);
    }
}

}  // namespace weir::gateway
