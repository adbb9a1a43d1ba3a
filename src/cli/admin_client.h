// Asks a running gateway at its admin address, for commands about what only the process knows. The one way there.
// Thread rule: blocks the caller, with a reactor of its own meanwhile. Limits: kMostAdminBytes of answer, kAdminMicros
// (or what is asked for) until it begins and between its pieces.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/options.h"

namespace weir::cli {

inline constexpr std::size_t kMostAdminBytes = 64u << 20;
inline constexpr Micros kAdminMicros = 60'000'000;

struct AdminReply {
    unsigned status = 0;
    std::string body;
};
// Keeps its connection between questions. Where the configuration has tokens, one of them comes with each: that of the
// variable WEIR_ADMIN_TOKEN, else the first that may operate, if its own variable is set.
class AdminClient {
  public:
    explicit AdminClient(const gateway::Options& options, Micros at_most = kAdminMicros);
    ~AdminClient();
    AdminClient(const AdminClient&) = delete;
    AdminClient& operator=(const AdminClient&) = delete;

    // A POST's body is JSON. Errors: invalid (the configuration says port 0), unavailable (no gateway
    // is there), timeout, too_large, protocol.
    Result<AdminReply> ask(std::string_view method, std::string_view path, std::string_view body = "{}");

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
// One question.
Result<AdminReply> ask_admin(const gateway::Options& options, std::string_view method, std::string_view path,
                             std::string_view body = "{}");

// What a gateway that refuses has said, to `err`, as `weir <command>: ...`. The exit code: 2 where the fault is in what
// was asked for, else 1.
int refused(std::string_view command, const AdminReply& reply, std::ostream& err);

// Where a process on this machine finds what listens on `host`: on every address means on this one.
std::string reachable_host(std::string_view host);

}  // namespace weir::cli
