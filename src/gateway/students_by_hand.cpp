// What people say about students: promote, demote, rollback. None of it opens a gate: the promise decides.
#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "gateway/students.h"
#include "tiers/student/student_model.h"

namespace weir::gateway {

using tiers::student::StudentKey;

namespace {

constexpr std::uint64_t kHeldShare = 4;  // rolled back: a quarter more examples before it is trained anew
constexpr std::string_view kPromiseDecides = "when it answers the promise decides: no gate is opened by hand";

// Where the parts of a student's name begin: the tenant's number, the task's, its own.
std::array<std::size_t, 3> parts_of(const std::string& name) {
    const std::size_t task = name.find('-') + 1;
    return {0, task, name.find('-', task) + 1};
}

bool is_called(const std::string& name, std::string_view asked) {
    const std::array<std::size_t, 3> parts = parts_of(name);
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::size_t part) { return std::string_view(name).substr(part).starts_with(asked); });
}

}  // namespace

Result<StudentKey> Students::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const StudentKey* found = nullptr;
    std::size_t several = 0;
    for (const auto& [key, view] : views_) {
        if (name.empty() || !is_called(file_name(key), name)) continue;
        found = &key;
        ++several;
    }
    if (found == nullptr) {
        return fail(ErrorCode::not_found, "there is no student \"" + std::string(name) + "\" (GET /api/students)");
    }
    if (several > 1) {
        return fail(ErrorCode::invalid, std::to_string(several) + " students begin with \"" + std::string(name) +
                                            "\": give more of its name");
    }
    return *found;
}

void Students::hurry(const StudentKey& key) {
    {
        const std::lock_guard lock(mutex_);
        hurried_.insert(task_key(key));
        woken_ = true;
    }
    changed_.notify_all();
}

void Students::make_folder() const {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
}

Result<std::string> Students::demote(std::string_view name) {
    const std::lock_guard files(files_mutex_);
    const Result<StudentKey> key = find(name);
    if (!key) return tl::unexpected(key.error());
    const std::string file = file_of(*key);
    make_folder();
    if (auto marked = mark_demoted(file, clock_.unix_micros()); !marked) return tl::unexpected(marked.error());
    shelf_.take_away(*key);
    log_info("students: " + file_name(*key) + " is taken from service by hand");
    const StudentMarks marks = read_marks(file);
    const std::lock_guard lock(mutex_);
    View& view = views_[*key];
    view.marks = marks;
    return "taken from service until it is promoted, whatever is trained meanwhile" +
           std::string(view.examples == 0 ? "; at present there is no student of it" : "");
}

Result<std::string> Students::promote(std::string_view name) {
    const std::lock_guard files(files_mutex_);
    const Result<StudentKey> key = find(name);
    if (!key) return tl::unexpected(key.error());
    const std::string file = file_of(*key);
    const bool demoted = read_marks(file).demoted_unix_micros > 0;
    if (demoted) {
        if (auto lifted = unmark(file, ".demoted"); !lifted) return tl::unexpected(lifted.error());
        log_info("students: " + file_name(*key) + " may be in service again");
    }
    const std::string begin = demoted ? "the demotion is lifted; " : "it was not demoted by hand; ";
    std::error_code error;
    const bool there = std::filesystem::exists(file, error);
    if (there && (!demoted || put(*key))) return begin + std::string(kPromiseDecides);
    View view;
    {
        const std::lock_guard lock(mutex_);
        views_[*key].marks = read_marks(file);
        view = seen(views_[*key]);
    }
    if (view.kept < kFirstExamples) {
        return begin + "there is nothing to train it of yet, " + std::to_string(view.kept) + " of " +
               std::to_string(kFirstExamples) + " examples; " + std::string(kPromiseDecides);
    }
    hurry(*key);
    return begin + "it is trained at once, of " + std::to_string(view.kept) + " examples; " +
           std::string(kPromiseDecides);
}

Result<std::string> Students::rollback(std::string_view name) {
    const std::lock_guard files(files_mutex_);
    const Result<StudentKey> key = find(name);
    if (!key) return tl::unexpected(key.error());
    const std::string file = file_of(*key), before = file + ".before";
    std::error_code error;
    if (!std::filesystem::exists(before, error)) {
        return fail(ErrorCode::invalid, "there is no earlier student of " + file_name(*key) +
                                            " to go back to: one is kept from the second training on");
    }
    const auto sound = tiers::student::Student::open(before);
    if (!sound) {
        return fail(ErrorCode::io, "the earlier student can't be read: " + sound.error().message);
    }
    std::uint64_t kept = 0;
    {
        const std::lock_guard lock(mutex_);
        kept = std::max(kFirstExamples, seen(views_[*key]).kept);
    }
    const std::uint64_t more = (kept + kHeldShare - 1) / kHeldShare;
    // First of all: whatever happens in between, it is not trained over.
    if (auto held = mark_held(file, clock_.unix_micros(), more); !held) return tl::unexpected(held.error());
    std::filesystem::rename(before, file, error);
    if (error) return fail(ErrorCode::io, before + ": " + error.message());
    if (auto noted = note_version(file, {clock_.unix_micros(), (*sound)->examples(), (*sound)->bytes()}); !noted) {
        log_warning("students: " + noted.error().message);
    }
    if (!put(*key)) return fail(ErrorCode::io, "the earlier student can't be put in service: see the log");
    const std::lock_guard lock(mutex_);
    View& view = views_[*key];
    view.wanted = kept + more;
    log_info("students: " + file_name(*key) + " is rolled back to one of " + std::to_string(view.examples) +
             " examples");
    return "the one of " + std::to_string(view.examples) + " examples is back in its place; it is trained anew once " +
           std::to_string(more) + " more have come" +
           (view.marks.demoted_unix_micros > 0 ? "; it stays out of service until it is promoted" : "");
}

}  // namespace weir::gateway
