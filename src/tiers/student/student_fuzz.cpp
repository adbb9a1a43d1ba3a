// StudentModel::load() on arbitrary bytes: an error, or a student that answers. The checksum is made right first, else
// nothing behind it would be reached; then a sound student with some bytes changed. And forms found in arbitrary
// answers: what they say back is what they were told.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tiers/student/student_testing.h"
#include "tiers/student/student_trainer.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

std::string sealed(std::string body) {
    const Digest256 digest = sha256(body);
    return body.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void ask(std::string bytes) {
    const auto model = StudentModel::load(std::move(bytes));
    if (!model) return;
    const StudentAnswer answer = (*model)->answer("my parcel has not arrived, it was charged twice");
    if (!(answer.log_probability <= 0)) std::abort();
    (void)(*model)->could_say("{\"a\": [1, 2]}");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    ask(input);
    ask(sealed("WEIRSTU1" + input));
    static const std::string kSound = *train_student(Tickets(40, 1).examples(), {});
    std::string body = kSound.substr(0, kSound.size() - sizeof(Digest256));
    for (std::size_t i = 0; i + 2 < size; i += 3) body[(data[i] * 256U + data[i + 1]) % body.size()] = input[i + 2];
    ask(sealed(std::move(body)));

    std::vector<std::string> answers;
    for (std::size_t begin = 0; begin < input.size() && answers.size() < 200;) {
        const std::size_t end = std::min(input.find('\n', begin), input.size());
        for (int i = 0; i < 4; ++i) answers.push_back(input.substr(begin, end - begin));
        begin = end + 1;
    }
    const std::vector<std::string_view> views(answers.begin(), answers.end());
    const auto form = AnswerForm::find(views);
    if (!form) return 0;
    std::vector<std::int32_t> targets, again;
    for (const std::string& answer : answers) {
        if (!form->targets(answer, targets)) continue;
        std::vector<float> said;
        for (std::size_t head = 0; head < targets.size(); ++head) {
            const auto width = static_cast<std::int32_t>(form->heads()[head]);
            for (std::int32_t i = 0; i < width; ++i) {
                const bool hit = width == 1 ? targets[head] == 1 : targets[head] == i;
                said.push_back(hit ? 0.99F : 0.001F);
            }
        }
        if (!form->targets(form->choose(said).text, again) || again != targets) std::abort();
    }
    return 0;
}
