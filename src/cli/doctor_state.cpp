#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cascade/decision_log.h"
#include "cascade/proof_budget.h"
#include "cascade/semantic_learner.h"
#include "cascade/trial_log.h"
#include "cli/doctor_parts.h"
#include "gateway/caches.h"
#include "limits/budget_file.h"
#include "store/record_log.h"
#include "tiers/exact_cache/purge_file.h"

namespace weir::cli {
namespace {

constexpr const char* kTopic = "state";

// What is wrong is told by file, what is right in one line.
class StateFiles {
  public:
    explicit StateFiles(Findings& findings) : findings_(findings) {}

    void take(const std::string& name, const Result<void>& read, std::string_view moved_away) {
        if (read) {
            if (!good_.empty()) good_ += ", ";
            good_ += name;
        } else if (read.error().code != ErrorCode::not_found) {
            findings_.add(
                {.level = Finding::Level::fail,
                 .topic = kTopic,
                 .subject = name,
                 .text = read.error().message,
                 .advice = "without it the gateway does not start: put a copy in its place, or move it away: " +
                           std::string(moved_away)});
            failed_ = true;
        }
    }
    void conclude() {
        if (!good_.empty()) {
            findings_.ok(kTopic, good_ + " can be read");
        } else if (!failed_) {
            findings_.ok(kTopic, "nothing is kept yet");
        }
    }

  private:
    Findings& findings_;
    std::string good_;
    bool failed_ = false;
};

Result<void> read_log(const store::RecordLog::Options& log) {
    return store::RecordLog::read(log, [](std::string_view) {});
}

// Where there is none the loader says nothing: it is no finding.
Result<void> if_there(const std::string& file, const Result<void>& read) {
    if (read && access(file.c_str(), F_OK) != 0) return fail(ErrorCode::not_found, "there is no " + file);
    return read;
}

Result<void> read_budgets_of(const std::string& file) {
    return if_there(file, limits::load_budgets(file).map([](const auto&) {}));
}

Result<void> read_purges(const std::string& file, Findings& findings) {
    const Result<std::string> bytes = tiers::PurgeFile(file).read();
    if (!bytes) return tl::unexpected(bytes.error());
    const Result<tiers::ReadPurges> list = tiers::decode_purges(*bytes);
    if (!list) return fail(list.error().code, file + ": " + list.error().message);
    if (list->damaged) {
        findings.add({.level = Finding::Level::warn,
                      .topic = kTopic,
                      .subject = "purges",
                      .text = file + " is damaged: whatever is cached by the next start counts as purged then",
                      .advice = "put a copy in its place before that start"});
    }
    return if_there(file, {});
}

}  // namespace

void examine_state(const gateway::Options& options, Findings& findings) {
    const std::string folder = options.data_folder + "/";
    StateFiles files(findings);
    files.take("budgets.jsonl", read_budgets_of(limits::budgets_path(options.data_folder)),
               "budgets begin as if nothing were spent");
    files.take("purges", read_purges(folder + "purges", findings),
               "move cache and semantic away too, or what was purged is served again");
    files.take("trials", read_log(cascade::trial_log(folder + "trials")), "cheaper models are proved anew");
    files.take("decisions", read_log(cascade::decision_log(folder + "decisions")),
               "what was decided about cheaper models is forgotten");
    files.take("proof", read_log(cascade::spend_log(folder + "proof")), "the day's cap on proof begins anew");
    if (gateway::wants_semantic(options)) {
        files.take("lessons", read_log(cascade::lesson_log(folder + "lessons")), "the semantic cache learns anew");
    }
    files.conclude();
}

void examine_access_log(const std::string& file, Findings& findings) {
    if (file.empty() || file == "-") return;
    constexpr const char* kAdvice = "let the gateway's user write there, or name another file (access_log.file)";
    // Without waiting for a reader, if it is a pipe; and without making it.
    const int descriptor = open(file.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
    const int problem = errno;
    if (descriptor >= 0) {
        close(descriptor);
        findings.ok("access log", file + " can be written");
    } else if (problem == ENXIO) {
        findings.warn("access log", file + " is a pipe that nobody reads: the gateway waits for one at its start",
                      "start its reader first");
    } else if (problem != ENOENT) {
        findings.fail("access log", "can't open " + file + ": " + std::strerror(problem), kAdvice);
    } else {
        const std::filesystem::path parent = std::filesystem::path(file).parent_path();
        const Result<void> wrote = try_to_write(parent.empty() ? "." : parent.string());
        if (wrote) {
            findings.ok("access log", file + " is not there yet: it is made at the first start");
        } else {
            findings.fail("access log", wrote.error().message, kAdvice);
        }
    }
}

}  // namespace weir::cli
