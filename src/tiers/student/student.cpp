#include "tiers/student/student.h"

namespace weir::tiers::student {

std::string_view to_string(StudentKind kind) {
    switch (kind) {
        case StudentKind::labels:
            return "labels";
        case StudentKind::extraction:
            return "extraction";
        case StudentKind::copied:
            break;
    }
    return "copied";
}

Result<std::shared_ptr<const Student>> Student::load(std::string bytes) {
    const std::shared_ptr<Student> student(new Student);
    student->owned_ = std::move(bytes);
    if (auto read = student->read(student->owned_); !read) return tl::unexpected(read.error());
    if (!student->labels_) student->owned_ = {};
    return student;
}

Result<std::shared_ptr<const Student>> Student::open(const std::string& file) {
    auto mapped = MappedFile::open(file, kMostStudentBytes);
    if (!mapped) return tl::unexpected(mapped.error());
    const std::shared_ptr<Student> student(new Student);
    student->mapped_ = std::move(*mapped);
    if (auto read = student->read(student->mapped_.bytes()); !read) {
        return fail(read.error().code, file + ": " + read.error().message);
    }
    if (!student->labels_) student->mapped_ = {};
    return student;
}

Result<void> Student::read(std::string_view bytes) {
    size_ = bytes.size();
    const auto file = StudentFile::read(bytes);
    if (!file) return tl::unexpected(file.error());
    examples_ = file->examples;
    training_set_ = file->training_set;
    if (file->parts.size() != 2 || file->parts.front().what != StudentPart::slot) {
        return fail(ErrorCode::invalid, "damaged student: it has to be a slot and one model");
    }
    learn::ModelReader slot_reader(file->parts.front().bytes);
    auto slot = PromptSlot::read(slot_reader);
    if (!slot) return tl::unexpected(slot.error());
    if (slot_reader.left() != 0) return fail(ErrorCode::invalid, "damaged student: its slot is too long");
    slot_ = std::move(*slot);
    const StudentFile::Part& model = file->parts.back();
    if (model.what == StudentPart::labels) {
        auto labels = StudentModel::view(model.bytes);
        if (!labels) return tl::unexpected(labels.error());
        labels_ = std::move(*labels);
    } else if (model.what == StudentPart::spans) {
        auto spans = SpanStudent::read(model.bytes);
        if (!spans) return tl::unexpected(spans.error());
        spans_ = std::move(*spans);
    } else {
        auto nearest = NearestCopy::read(model.bytes);
        if (!nearest) return tl::unexpected(nearest.error());
        nearest_ = std::move(*nearest);
    }
    return {};
}

// What a model of any kind is shown of the prompt.
std::optional<std::string_view> Student::cut(std::string_view prompt, Scratch& scratch) const {
    if (!slot_.cut(prompt, scratch.slots)) return std::nullopt;
    return slot_text(scratch.slots, scratch.text);
}

StudentAnswer Student::answer(std::string_view prompt, Scratch& scratch, const TextEmbedding& embedding,
                              std::size_t most_slot_bytes) const {
    const auto text = cut(prompt, scratch);
    if (text && text->size() <= most_slot_bytes) return answer_slot(*text, scratch, embedding);
    StudentAnswer answer;
    answer.declined = text ? Declined::too_long : Declined::other_prompt;
    return answer;
}

StudentAnswer Student::answer_slot(std::string_view text, Scratch& scratch, const TextEmbedding& embedding) const {
    StudentAnswer answer;
    if (labels_) {
        answer = labels_->answer(text, embedding);
    } else if (spans_) {
        spans_->answer(text, scratch.spans, answer);
    } else {
        nearest_->answer(text, scratch.nearest, answer);
    }
    return answer;
}

bool Student::fits(std::string_view prompt) const {
    std::vector<std::string_view> slots;
    return slot_.cut(prompt, slots);
}

bool Student::could_say(std::string_view prompt, std::string_view answer) const {
    Scratch scratch;
    const auto text = cut(prompt, scratch);
    if (!text) return false;
    if (labels_) return labels_->could_say(answer);
    return spans_ ? spans_->could_say(*text, answer) : nearest_->could_say(*text, answer, scratch.nearest);
}

std::size_t Student::features() const {
    return labels_ ? labels_->features() : spans_ ? spans_->features() : nearest_->rows();
}

double Student::outside_share() const {
    return labels_ ? labels_->outside_share() : spans_ ? spans_->training().outside_share : nearest_->outside_share();
}

}  // namespace weir::tiers::student
