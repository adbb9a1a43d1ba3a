// Progress of long work, as a line on stderr every few seconds: "trees with vectors: 120 of 1800".
// Thread rule: one owner.
#pragma once

#include <functional>
#include <ostream>
#include <string_view>

#include "base/clock.h"

namespace weir::cli {

class ProgressLines {
  public:
    static constexpr Micros kInterval = 3'000'000;

    ProgressLines(const Clock& clock, std::ostream& err) : clock_(clock), err_(err), last_(clock.steady_micros()) {}

    std::function<bool(std::string_view, std::size_t, std::size_t)> callback() {
        return [this](std::string_view what, std::size_t done, std::size_t all) {
            const Micros now = clock_.steady_micros();
            if (now - last_ >= kInterval) {
                last_ = now;
                err_ << what << ": " << done << " of " << all << "\n" << std::flush;
            }
            return true;
        };
    }

  private:
    const Clock& clock_;
    std::ostream& err_;
    Micros last_;
};

}  // namespace weir::cli
