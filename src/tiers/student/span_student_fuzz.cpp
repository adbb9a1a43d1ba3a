// Any bytes as a student: refused, or one that answers in its form.
#include <cstdlib>
#include <string_view>

#include "tiers/student/span_student.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::tiers::student;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto student = SpanStudent::read(bytes);
    if (!student) return 0;
    if (student->bytes() != bytes) std::abort();
    SpanStudent::Scratch scratch;
    StudentAnswer answer;
    std::vector<SpanValue> values;
    for (const std::string_view slot : {std::string_view("Anna called Bo in Rome, 12 May."), bytes}) {
        if (!student->answer(slot, scratch, answer)) continue;
        if (!(answer.log_probability <= 0)) std::abort();
    }
    return 0;
}
