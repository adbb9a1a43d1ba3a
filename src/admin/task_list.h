// GET /api/tasks (docs/admin-api.md): the tasks that had requests in a range, each with what it cost, what its cascade
// has proved of it, its mode and its student.
// Thread rule: on the admin's worker: blocks on disk. TaskList: by one thread at a time.
// Limits: kMostTasksListed of an answer. The sums of one question (all but order, search and page) are kept for
// kKeptMicros: tasks that are scrolled through, or saved page by page, are of one moment.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/filter_text.h"
#include "admin/query_text.h"
#include "admin/route.h"
#include "gateway/gateway.h"
#include "store/ledger_sums.h"

namespace weir::admin {

constexpr std::int64_t kMostTasksListed = 200;

// What is known of tasks besides their sums.
struct TaskKnowledge {
    std::vector<const cascade::CascadeOptions*> cascades;  // as configured
    std::vector<cascade::CascadeLearner::View> courses;    // of the tiers that are configured
    std::vector<gateway::Students::View> students;
    std::shared_ptr<const gateway::Routes> routes = {};  // whose the cascades are
};
TaskKnowledge task_knowledge(gateway::Gateway& gateway);

class TaskList {
  public:
    static constexpr Micros kKeptMicros = 5'000'000;

    // The answer; `query` is the target's. Errors: invalid, not_found (no ledger), io.
    Result<std::string> render(const std::string& folder, std::string_view query, Micros now_unix_micros,
                               const TaskKnowledge& knowledge);

    struct Line {
        std::uint64_t task = 0;
        std::string name, tenant, cascade, reference;  // of most of its requests
        store::Sums sums;
        std::array<std::int64_t, kTiers> by_tier{};
    };

  private:
    struct Kept {
        std::string question;
        Micros at = 0;
        bool complete = true;
        std::vector<Line> lines;
    };
    Result<void> read(const std::string& folder, std::string_view query, Micros now_unix_micros);

    Kept kept_;
};

void add_task_list(RouteTable& routes, gateway::Gateway& gateway);

}  // namespace weir::admin
