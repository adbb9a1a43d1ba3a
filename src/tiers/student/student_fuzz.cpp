// Student::load() on arbitrary bytes: an error, or a student that answers. The checksum is made right first, else
// nothing behind it would be reached; then a sound student of each kind with some bytes changed, as a whole and part by
// part. And forms found in arbitrary answers: what they say back is what they were told.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tiers/student/span_testing.h"
#include "tiers/student/student.h"
#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::tiers::student;

namespace {

std::string sealed(std::string body) {
    const Digest256 digest = sha256(body);
    return body.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void ask(std::string bytes) {
    const auto student = Student::load(std::move(bytes));
    if (!student) return;
    Student::Scratch scratch;
    for (const std::string& prompt : {std::string("my parcel has not arrived, it was charged twice"),
                                      instruction("Then Andorka slept in Boclel.")}) {
        static const Vague kAsked(1, 3);
        if (!((*student)->answer(prompt, scratch, kAsked.embedding(0)).log_probability <= 0)) std::abort();
        const StudentAnswer answer = (*student)->answer(prompt, scratch);
        if (!(answer.log_probability <= 0)) std::abort();
        if (answer.declined == Declined::other_prompt && (*student)->fits(prompt)) std::abort();
        (void)(*student)->could_say(prompt, "{\"a\": [1, 2]}");
    }
}

std::string sound(StudentKind kind) {
    if (kind == StudentKind::labels) return *Student::train(Tickets(40, 1).examples(), {});
    const std::vector<Errand> made = errands(60, 2);
    std::vector<std::string> prompts, answers;
    for (const Errand& each : made) {
        prompts.push_back(instruction(each.slot));
        answers.push_back(kind == StudentKind::extraction ? each.answer : "It says: " + each.slot);
    }
    std::vector<StudentExample> examples;
    for (std::size_t i = 0; i < made.size(); ++i) examples.push_back({prompts[i], answers[i]});
    return *Student::train(examples, {});
}

void change(const std::string& bytes, const std::string& input) {
    const auto byte = [&input](std::size_t at) { return static_cast<unsigned char>(input[at]); };
    std::string body = bytes.substr(0, bytes.size() - sizeof(Digest256));
    for (std::size_t i = 0; i + 2 < input.size(); i += 3)
        body[(byte(i) * 256U + byte(i + 1)) % body.size()] = input[i + 2];
    ask(sealed(std::move(body)));
    auto file = StudentFile::read(bytes);
    const std::string_view model = file->parts.back().bytes;
    std::string changed(model);
    for (std::size_t i = 0; i + 2 < input.size(); i += 3) {
        // The beginning, where the numbers are, and the end more often than what is between.
        const std::size_t place = byte(i) < 128 ? byte(i + 1) : (byte(i) * 65'537U + byte(i + 1) * 257U);
        changed[place % changed.size()] = input[i + 2];
    }
    file->parts.back().bytes = changed;
    ask(*file->write());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    ask(input);
    ask(sealed("WEIRSTU2" + input));
    static const std::array<std::string, 4> kSound = {sound(StudentKind::labels), sound(StudentKind::extraction),
                                                      sound(StudentKind::copied),
                                                      *Student::train(Vague(60, 1).examples(), {})};
    for (const std::string& bytes : kSound) change(bytes, input);

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
