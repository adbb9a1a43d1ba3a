#include "eval/student_eval.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "base/hash.h"
#include "cascade/agreement.h"
#include "eval/trial_play.h"
#include "learn/random_bits.h"
#include "tiers/student/label_watch.h"
#include "tiers/student/student.h"

namespace weir::eval {
namespace {

namespace student = tiers::student;
using cascade::kReference;
using cascade::Trial;

constexpr std::uint64_t kModel = 1;        // whose vectors they are
constexpr std::size_t kKeptExamples = 10;  // where the teacher has come to say something else

bool agree(const StudentRow& row, std::string_view answer, std::string_view other) {
    return cascade::agreement(row.prompt, answer, other).result == cascade::Agreed::agree;
}

// A task's student, and what it was and will be trained on.
struct Course {
    std::shared_ptr<const student::Student> model;
    std::vector<student::StudentExample> examples;
    std::size_t next;  // examples, for the next training
    student::LabelWatch watch{};
};

class StudentRequest final : public RecordedRequest {
  public:
    StudentRequest(const StudentRow& row, const student::StudentAnswer& answer) : row_(row), answer_(answer) {}
    void ask(Trial& trial, std::size_t tier) const override {
        cascade::TierTrial& tried = trial.tiers[tier];
        tried.asked = answer_.declined == student::Declined::no;
        tried.kind = cascade::EvidenceKind::student;
        tried.evidence = static_cast<float>(answer_.log_probability);
        tried.margin = static_cast<float>(answer_.margin);
    }
    void ask_reference(Trial& trial) const override {
        trial.known = true;
        trial.reference_usd = 1;
        trial.tiers[0].graded = trial.tiers[0].asked;
        trial.tiers[0].worse = trial.tiers[0].asked && !agree(row_, answer_.text, row_.answer);
    }

  private:
    const StudentRow& row_;
    const student::StudentAnswer& answer_;
};

class Pass {
  public:
    Pass(const std::vector<StudentRow>& rows, const std::vector<student::TextEmbedding>& vectors,
         const std::vector<std::uint64_t>& tasks, const StudentPlay& play, const Clock& clock, StudentSummary& summary)
        : rows_(rows), vectors_(vectors), tasks_(tasks), play_(play), clock_(clock), summary_(summary) {}

    struct Sums {
        std::size_t rows = 0, served = 0, saved = 0, differ = 0, audits = 0, gold = 0, teacher = 0, hybrid = 0;
        double share(std::size_t count) const {
            return rows == 0 ? 0 : static_cast<double>(count) / static_cast<double>(rows);
        }
    };
    Sums all, late;

    void run(const std::vector<std::size_t>& order, std::uint64_t seed) {
        cascade::PolicyLearner learner(play_.learner);
        learn::RandomBits coins(seed);
        for (std::size_t i = 0; i < order.size(); ++i) {
            const StudentRow& row = rows_[order[i]];
            Course& course =
                courses_.try_emplace(tasks_[order[i]], Course{nullptr, {}, play_.first_student, {}}).first->second;
            Trial trial;
            trial.task = tasks_[order[i]];
            bool asked = true, audited = false;
            student::StudentAnswer answer;
            // While there is no student there is no tier to learn about.
            if (course.model) {
                const Micros begin = clock_.steady_micros();
                answer = course.model->answer(row.prompt, scratch_, vectors_[order[i]]);
                predicted_us_ += clock_.steady_micros() - begin;
                ++predicted_;
                const PlayedTrial played =
                    play_trial(StudentRequest(row, answer), trial, {}, 1, *learner.policy(), coins);
                trial = played.trial;
                audited = played.audited;
                asked = trial.known || trial.served == kReference;
                learner.add(trial);
                if (learner.due()) learner.certify();
            }
            book(row, trial.served != kReference ? &answer : nullptr, asked, audited, i >= order.size() * 2 / 3);
            // Audits alone: the rest of what the teacher is asked is what the student is unsure of, new labels first.
            if (audited && said_otherwise(course, row)) {
                trial = {};
                trial.task = tasks_[order[i]];
                trial.doubt = true;
                learner.add(trial);
                learner.certify();
            }
            if (asked) learn_from(course, order[i]);
        }
        summary_.alarms += learner.alarms().cascade + learner.alarms().task;
        if (predicted_ > 0) summary_.predict_us += static_cast<double>(predicted_us_) / static_cast<double>(predicted_);
    }

  private:
    void book(const StudentRow& row, const student::StudentAnswer* served, bool asked, bool audited, bool in_last) {
        for (Sums* const sums : {&all, in_last ? &late : nullptr}) {
            if (sums == nullptr) continue;
            ++sums->rows;
            sums->served += served != nullptr;
            sums->saved += !asked;
            sums->audits += audited;
            sums->differ += served != nullptr && !agree(row, served->text, row.answer);
            if (!row.gold) continue;
            const bool teacher = agree(row, row.answer, *row.gold);
            ++sums->gold;
            sums->teacher += teacher;
            sums->hybrid += served != nullptr ? agree(row, served->text, *row.gold) : teacher;
        }
    }

    // The teacher has come to say what the student can't: it goes, with all examples but the latest.
    bool said_otherwise(Course& course, const StudentRow& row) {
        course.watch.add(course.model->could_say(row.prompt, row.answer));
        if (!course.watch.alarmed()) return false;
        ++summary_.forgotten;
        course.model = nullptr;
        const std::size_t kept = std::min(course.examples.size(), kKeptExamples);
        course.examples.erase(course.examples.begin(), course.examples.end() - static_cast<std::ptrdiff_t>(kept));
        course.next = play_.first_student;
        return true;
    }

    void learn_from(Course& course, std::size_t which) {
        course.examples.push_back({rows_[which].prompt, rows_[which].answer, vectors_[which]});
        if (course.examples.size() < course.next) return;
        course.next = static_cast<std::size_t>(static_cast<double>(course.examples.size()) * play_.growth) + 1;
        student::TrainingOptions options;
        options.seed = play_.seed;
        const Micros begin = clock_.steady_micros();
        auto bytes = student::Student::train(course.examples, options);
        const double took = static_cast<double>(clock_.steady_micros() - begin) / 1e6;
        if (!bytes) return;
        ++summary_.students;
        summary_.train_s = std::max(summary_.train_s, took);
        summary_.student_bytes = std::max(summary_.student_bytes, static_cast<double>(bytes->size()));
        auto model = student::Student::load(std::move(*bytes));
        if (!model) return;
        if (!course.model) course.watch = student::LabelWatch();
        course.watch.expect((*model)->outside_share());
        course.model = std::move(*model);
    }

    const std::vector<StudentRow>& rows_;
    const std::vector<student::TextEmbedding>& vectors_;
    const std::vector<std::uint64_t>& tasks_;
    const StudentPlay& play_;
    const Clock& clock_;
    StudentSummary& summary_;
    std::map<std::uint64_t, Course> courses_;
    student::Student::Scratch scratch_;
    Micros predicted_us_ = 0;
    std::size_t predicted_ = 0;
};

}  // namespace

std::vector<std::string_view> texts_of(const std::vector<StudentRow>& rows) {
    std::vector<std::string_view> texts;
    for (const StudentRow& row : rows) texts.push_back(row.prompt);
    return texts;
}

StudentSummary evaluate_student(const std::vector<StudentRow>& rows, const TextVectors& vectors,
                                const StudentPlay& play, const Clock& clock) {
    StudentSummary summary;
    summary.rows = rows.size();
    std::vector<student::TextEmbedding> embeddings;
    for (const StudentRow& row : rows) {
        const embed::Int8Vector* const vector = vectors.find(row.prompt);
        embeddings.push_back(vector == nullptr ? student::TextEmbedding{} : student::view_of(*vector, kModel));
        summary.embedded += embeddings.back().is_there();
    }
    summary.shuffles = play.shuffles;
    std::vector<std::uint64_t> tasks;
    for (const StudentRow& row : rows) {
        tasks.push_back(short_digest(sha256(row.task + std::string(1, char{0}) + row.system)));
    }
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    learn::RandomBits random(play.seed);
    const std::size_t passes = std::max<std::size_t>(play.shuffles, 1);
    const double part = 1 / static_cast<double>(passes);
    double agreement = 0;
    summary.saved_least = 1;
    for (std::size_t i = 0; i < passes; ++i) {
        if (play.shuffles > 0) random.shuffle(std::span(order));
        Pass pass(rows, embeddings, tasks, play, clock, summary);
        pass.run(order, random.next());
        const double differ = pass.all.share(pass.all.differ), saved = pass.all.share(pass.all.saved);
        summary.served += part * pass.all.share(pass.all.served);
        summary.served_last_third += part * pass.late.share(pass.late.served);
        summary.saved += part * saved;
        summary.saved_last_third += part * pass.late.share(pass.late.saved);
        summary.differ += part * differ;
        summary.audits += part * pass.all.share(pass.all.audits);
        const double served = std::max(1.0, static_cast<double>(pass.all.served));
        agreement += part * (1 - static_cast<double>(pass.all.differ) / served);
        const double gold = std::max(1.0, static_cast<double>(pass.all.gold));
        summary.gold_teacher += part * static_cast<double>(pass.all.teacher) / gold;
        summary.gold_hybrid += part * static_cast<double>(pass.all.hybrid) / gold;
        summary.broken += differ > play.learner.promise ? part : 0;
        summary.saved_least = std::min(summary.saved_least, saved);
        summary.differ_most = std::max(summary.differ_most, differ);
    }
    summary.agreement_served = agreement;
    summary.predict_us *= part;
    return summary;
}

}  // namespace weir::eval
