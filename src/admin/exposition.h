// Writes the text format that Prometheus reads (version 0.0.4).
// Thread rule: one owner. Limits: none.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/histogram.h"

namespace weir::admin {

// {name="value",...}, escaped; nothing where there are none.
class Labels {
  public:
    Labels() = default;
    Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> labels) {
        for (const auto& [name, value] : labels) add(name, value);
    }
    void add(std::string_view name, std::string_view value);
    std::string text() const { return inner_.empty() ? "" : "{" + inner_ + "}"; }

  private:
    std::string inner_;
};

class Exposition {
  public:
    // All names begin with weir_, which is put before them here.
    void family(std::string_view name, std::string_view type, std::string_view help);
    void sample(std::string_view name, const Labels& labels, const std::string& value);
    void sample(std::string_view name, const Labels& labels, std::uint64_t value) {
        sample(name, labels, std::to_string(value));
    }
    void single(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
        family(name, type, help);
        sample(name, {}, value);
    }
    // The samples of one histogram; `unit`: of one of the bounds, in the unit that the name says. Empty ones too.
    void histogram(std::string_view name, const Labels& labels, const telemetry::HistogramSum& sum,
                   std::span<const std::int64_t> bounds, double unit);
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

// The shortest spelling of six digits.
std::string real(double value);

}  // namespace weir::admin
