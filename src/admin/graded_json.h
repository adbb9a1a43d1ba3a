// Answers that were compared with the reference's, as views tell of them: {"answers", "differ", "share", "share_low",
// "share_high"}, the ends being those of a 95 % interval.
// Thread rule: pure functions. Limits: none.
#pragma once

#include <string>

#include "admin/json_object.h"
#include "cascade/graded_count.h"

namespace weir::admin {

inline constexpr double kGradedAlpha = 0.025;  // below and above a 95 % interval

inline void write_graded(JsonObject& object, const cascade::GradedCount& count) {
    object.whole("answers", count.count());
    object.whole("differ", count.worse());
    object.share("share", count.share());
    object.share("share_low", count.low(kGradedAlpha));
    object.share("share_high", count.high(kGradedAlpha));
}

inline std::string graded_json(const cascade::GradedCount& count) {
    std::string out;
    JsonObject object(out);
    write_graded(object, count);
    object.end();
    return out;
}

}  // namespace weir::admin
