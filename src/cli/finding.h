// What a look at the machine and its configuration has found (weir doctor): each with a level, a sentence and what to
// do. Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::cli {

struct Finding {
    enum class Level : std::uint8_t { ok, warn, fail };
    Level level = Level::ok;
    std::string topic;                       // "data", "provider"
    std::string subject = {};                // which one: a provider's name; empty: there is but one
    std::string text = {};                   // a sentence, without secrets
    std::string advice = {};                 // what to do; empty: nothing
    std::optional<Micros> took_micros = {};  // of what was asked
};
std::string_view to_string(Finding::Level level);

class Findings {
  public:
    void add(Finding finding) { all_.push_back(std::move(finding)); }
    void ok(std::string topic, std::string text);
    void warn(std::string topic, std::string text, std::string advice);
    void fail(std::string topic, std::string text, std::string advice);

    const std::vector<Finding>& all() const { return all_; }
    std::size_t count(Finding::Level level) const;
    bool fine() const { return count(Finding::Level::fail) == 0; }

    std::string table() const;
    // {"file", "ok", "warnings", "failures", "findings": [{"level", "topic", "subject", "text", "advice", "took_ms"}]}
    std::string json(std::string_view file) const;

  private:
    std::vector<Finding> all_;
};

}  // namespace weir::cli
