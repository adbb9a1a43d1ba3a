#include "tiers/student/student_answer.h"

namespace weir::tiers::student {

std::string_view to_string(Declined why) {
    switch (why) {
        case Declined::no:
            return "no";
        case Declined::too_long:
            return "too long";
        case Declined::nothing:
            return "nothing known in it";
        case Declined::other_prompt:
            return "a prompt of another template";
        case Declined::no_answer:
            break;
    }
    return "no answer of the teacher's form";
}

}  // namespace weir::tiers::student
