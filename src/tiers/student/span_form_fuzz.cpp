// Any bytes as the slot and the answer of two examples: a form that is learned from them reads them again, and what it
// writes it reads as it was. The first byte says where the slot ends.
#include <cstdlib>
#include <string>
#include <vector>

#include "tiers/student/span_form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir;
    using namespace weir::tiers::student;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t middle = text.empty() ? 0 : data[0] % text.size();
    const std::string answer(text.substr(middle));
    const std::vector<StudentExample> examples{{text.substr(0, middle), answer}, {text.substr(0, middle), answer}};
    const auto form = SpanForm::learn(examples);
    if (!form) return 0;
    std::vector<SpanValue> values, again;
    std::string written;
    if (form->read(answer, values) && form->write(values, written)) {
        if (!form->read(written, again) || again.size() != values.size()) std::abort();
    }
    learn::ModelWriter writer;
    form->write(writer);
    learn::ModelReader reader(writer.bytes());
    const auto copy = SpanForm::read(reader);
    if (!copy || reader.left() != 0) std::abort();
    std::string copied;
    if (!written.empty() && (!copy->write(values, copied) || copied != written)) std::abort();
    return 0;
}
