// Trials on disk: the records of the log `trials` (docs/formats.md). Each trial names its course by a number; what the
// number stands for is said in a record of its own, again from time to time, since the log forgets its older half.
// Thread rule: pure functions, but for read_courses(), which blocks on disk. Limits: those of store/record_log.h; a
// course's name at most kMostCourseName bytes.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cascade/trial.h"
#include "store/record_log.h"
#include "tiers/model/gathering.h"

namespace weir::cascade {

inline constexpr std::size_t kMostCourseName = 2'048;

store::RecordLog::Options trial_log(const std::string& file);

// What a course's name says: "CASCADE harm|disagreement TIER... > REFERENCE", perhaps a task behind it.
struct CourseName {
    std::string cascade;
    bool by_harm = false;
    std::vector<std::string> tiers;
    std::string reference;
    std::string task;  // 16 hexadecimal digits; empty: all of the cascade's
};
// A model tier's name there: what its answers are judged by is part of it, since trials of other evidence tell nothing
// of it ("p/small", "p/small*3" by three samples, "p/small*verify" by P(True)); so are the examples that it is shown,
// but for the usual ones ("p/small+examples", "p/small+examples(8,1500,0.25)").
std::string tier_name(const std::string& model, const tiers::Gathering& gathers);
std::string_view model_of_tier(std::string_view tier);
// What its answers are booked under: the model's name, or "p/small+examples" where it is shown any.
std::string ledger_name(const std::string& model, const tiers::Gathering& gathers);
std::string_view ledger_name_of_tier(std::string_view tier);
std::string to_string(const CourseName& name);
std::optional<CourseName> parse_course_name(std::string_view text);

std::uint64_t course_number(std::string_view name);
std::string write_course(std::string_view name);
std::optional<std::string> read_course(std::string_view record);
std::string write_trial(std::uint64_t course, const Trial& trial);
std::optional<Trial> read_trial(std::string_view record, std::uint64_t& course);

struct RecordedCourse {
    std::string name;  // empty: the log has forgotten it
    std::uint64_t number = 0;
    std::deque<Trial> trials;  // oldest first
};
// All trials that are in the log, without changing it; complaints and doubts are left out. Courses in the order in
// which they appear.
Result<std::vector<RecordedCourse>> read_courses(const std::string& file);

}  // namespace weir::cascade
