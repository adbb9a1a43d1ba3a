#include "text/complaint.h"

#include <algorithm>
#include <array>

#include "text/phrases.h"

namespace weir::text {

bool complains(std::string_view turn) {
    // How it begins, and what tells anywhere in its first words.
    constexpr std::array<std::string_view, 14> kBegun{
        "no,",       "no.",       "no!",         "nope",       "no that", "wrong", "incorrect",
        "not quite", "still not", "still wrong", "not what i", "again,",  "redo",  "actually, no"};
    constexpr std::array<std::string_view, 24> kSaid{
        "try again",         "try it again",       "try once more", "do it again",  "that is wrong",
        "that's wrong",      "this is wrong",      "it is wrong",   "it's wrong",   "is incorrect",
        "that's incorrect",  "is not correct",     "isn't correct", "is not right", "isn't right",
        "that's not what i", "that is not what i", "you missed",    "you forgot",   "you misunderstood",
        "are you sure",      "doesn't work",       "does not work", "didn't work"};
    const std::string start = normal_start(turn, kComplaintBytes);
    const auto begins = [&start](std::string_view phrase) { return begins_with(start, phrase); };
    const auto stands = [&start](std::string_view phrase) { return says(start, phrase); };
    return start == "no" || start == "again" || start == "wrong" || std::any_of(kBegun.begin(), kBegun.end(), begins) ||
           std::any_of(kSaid.begin(), kSaid.end(), stands);
}

}  // namespace weir::text
