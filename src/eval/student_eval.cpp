#include "eval/student_eval.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <optional>

#include "base/hash.h"
#include "cascade/agreement.h"
#include "cascade/input_monitor.h"
#include "eval/trial_play.h"
#include "learn/random_bits.h"
#include "tiers/student/label_watch.h"
#include "tiers/student/novelty_watch.h"
#include "tiers/student/student.h"

namespace weir::eval {
namespace {

namespace student = tiers::student;
using cascade::kReference;
using cascade::Trial;

constexpr std::uint64_t kModel = 1;  // whose vectors they are

bool agree(const StudentRow& row, std::string_view answer, std::string_view other) {
    return cascade::agreement(row.prompt, answer, other).result == cascade::Agreed::agree;
}

std::size_t changes_at(const StudentPlay& play, std::size_t rows) {
    if (play.change == Change::none) return rows;
    return play.change_at > 0 ? play.change_at : rows / 2;
}

// A task's student, and what it was and will be trained on.
struct Course {
    std::shared_ptr<const student::Student> model;
    std::vector<student::StudentExample> examples;
    std::size_t next;  // examples, for the next training
    student::LabelWatch watch{};
    student::NoveltyWatch novelty{};
    learn::SpacedCoins audits{};
    cascade::InputMonitor inputs{{}};
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

    std::vector<bool> served, wrong;  // by place in the order
    std::size_t too_early = 0;

    void run(const std::vector<std::size_t>& order, std::uint64_t seed) {
        cascade::PolicyLearner learner(play_.learner);
        learn::RandomBits coins(seed);
        const std::size_t change_at = changes_at(play_, order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            const StudentRow& row =
                i < change_at ? rows_[order[i]] : changed_.emplace_back(changed(rows_[order[i]], play_.change));
            // Of another text there is none.
            const bool same_text = i < change_at || play_.change != Change::language;
            const student::TextEmbedding embedding = same_text ? vectors_[order[i]] : student::TextEmbedding{};
            Course& course =
                courses_.try_emplace(tasks_[order[i]], Course{nullptr, {}, play_.first_student}).first->second;
            Trial trial;
            trial.task = tasks_[order[i]];
            if (course.inputs.seen(cascade::prompt_features(row.system, row.prompt))) doubt(learner, trial.task);
            bool asked = true, audited = false;
            student::StudentAnswer answer;
            auto sample = student::LabelWatch::Of::all;
            // While there is no student there is no tier to learn about.
            if (course.model) {
                const bool suspended = course.watch.suspicious();
                const bool in_force = learner.policy()->serves(learner.policy()->plan(trial.task));
                if (suspended) {
                    answer.declined = student::Declined::nothing;
                    ++suspended_;
                } else {
                    const Micros begin = clock_.steady_micros();
                    answer = course.model->answer(row.prompt, scratch_, embedding);
                    predicted_us_ += clock_.steady_micros() - begin;
                    ++predicted_;
                    const auto sight = course.novelty.add(answer.novelty, answer.grams);
                    if (sight == student::NoveltyWatch::Sight::alarm) doubt(learner, trial.task);
                    if (sight != student::NoveltyWatch::Sight::usual) answer.declined = student::Declined::nothing;
                }
                const PlayedTrial played =
                    play_trial(StudentRequest(row, answer), trial, {}, 1, *learner.policy(), coins, &course.audits);
                trial = played.trial;
                audited = played.audited;
                asked = trial.known || trial.served == kReference;
                if (audited) {
                    sample = student::LabelWatch::Of::trusted;
                } else if (in_force && !suspended && !trial.everything) {
                    sample = student::LabelWatch::Of::declined;
                }
                learner.add(trial);
                if (learner.due()) learner.certify();
            }
            book(row, trial.served != kReference ? &answer : nullptr, asked, audited, i >= order.size() * 2 / 3);
            if (asked && course.model && said_otherwise(course, row, sample)) doubt(learner, trial.task);
            if (asked) learn_from(course, row, embedding);
            if (i + 1 == change_at) too_early = alarms(learner);
        }
        summary_.alarms += alarms(learner);
        summary_.forgotten += forgotten_;
        summary_.suspended += static_cast<double>(suspended_) / static_cast<double>(order.size());
        if (predicted_ > 0) summary_.predict_us += static_cast<double>(predicted_us_) / static_cast<double>(predicted_);
    }

  private:
    static std::size_t alarms(const cascade::PolicyLearner& learner) {
        return learner.alarms().cascade + learner.alarms().task + learner.alarms().inputs;
    }
    static void doubt(cascade::PolicyLearner& learner, std::uint64_t task) {
        Trial trial;
        trial.task = task;
        trial.doubt = true;
        learner.add(trial);
        learner.certify();
    }

    void book(const StudentRow& row, const student::StudentAnswer* answer, bool asked, bool audited, bool in_last) {
        served.push_back(answer != nullptr);
        wrong.push_back(answer != nullptr && !agree(row, answer->text, row.answer));
        for (Sums* const sums : {&all, in_last ? &late : nullptr}) {
            if (sums == nullptr) continue;
            ++sums->rows;
            sums->served += served.back();
            sums->saved += !asked;
            sums->audits += audited;
            sums->differ += wrong.back();
            if (!row.gold) continue;
            const bool teacher = agree(row, row.answer, *row.gold);
            ++sums->gold;
            sums->teacher += teacher;
            sums->hybrid += answer != nullptr ? agree(row, answer->text, *row.gold) : teacher;
        }
    }

    // The teacher has come to say what the student can't: it goes, with all examples from before.
    bool said_otherwise(Course& course, const StudentRow& row, student::LabelWatch::Of sample) {
        course.watch.add(course.model->could_say(row.prompt, row.answer), sample,
                         static_cast<std::int64_t>(course.examples.size()));
        if (!course.watch.alarmed()) return false;
        ++forgotten_;
        course.model = nullptr;
        course.examples.erase(course.examples.begin(), course.examples.begin() + course.watch.since());
        course.next = play_.first_student;
        return true;
    }

    void learn_from(Course& course, const StudentRow& row, const student::TextEmbedding& embedding) {
        course.examples.push_back({row.prompt, row.answer, embedding});
        if (course.examples.size() < course.next || (course.model && course.watch.suspicious())) return;
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
        if (!course.model) {
            course.watch = student::LabelWatch();
            course.novelty = student::NoveltyWatch();
        }
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
    std::deque<StudentRow> changed_;  // examples look into them
    Micros predicted_us_ = 0;
    std::size_t predicted_ = 0, forgotten_ = 0, suspended_ = 0;
};

// What became of the passes in which a student was in service when the world changed.
class Aftermath {
  public:
    explicit Aftermath(const StudentPlay& play) : play_(play) {}
    void add(const Pass& pass) {
        const std::size_t at = changes_at(play_, pass.served.size());
        if (at >= pass.served.size()) return;
        const auto change = pass.served.begin() + static_cast<std::ptrdiff_t>(at);
        const auto before = change - static_cast<std::ptrdiff_t>(std::min(at, AfterChange::kQuiet));
        if (std::find(before, change, true) == change) return;
        const auto quiet = std::search_n(change, pass.served.end(), AfterChange::kQuiet, false);
        stopped_.push_back(static_cast<std::size_t>(quiet - change));
        wrong_.push_back(std::count(pass.wrong.begin() + static_cast<std::ptrdiff_t>(at), pass.wrong.end(), true));
    }
    AfterChange told() {
        AfterChange told;
        told.passes = stopped_.size();
        if (stopped_.empty()) return told;
        std::sort(stopped_.begin(), stopped_.end());
        told.stopped_median = stopped_[stopped_.size() / 2];
        told.stopped_p90 = stopped_[stopped_.size() * 9 / 10];
        told.stopped_most = stopped_.back();
        for (std::size_t i = 0; i < stopped_.size(); ++i) {
            const double part = 1 / static_cast<double>(stopped_.size());
            told.late += stopped_[i] > AfterChange::kSoon ? part : 0;
            told.wrong_mean += part * static_cast<double>(wrong_[i]);
            told.wrong_most = std::max(told.wrong_most, static_cast<double>(wrong_[i]));
        }
        return told;
    }

  private:
    const StudentPlay& play_;
    std::vector<std::size_t> stopped_;
    std::vector<std::ptrdiff_t> wrong_;
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
    Aftermath aftermath(play);
    summary.saved_least = 1;
    for (std::size_t i = 0; i < passes; ++i) {
        if (play.shuffles > 0) random.shuffle(std::span(order));
        Pass pass(rows, embeddings, tasks, play, clock, summary);
        pass.run(order, random.next());
        aftermath.add(pass);
        summary.too_early += pass.too_early;
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
    summary.after = aftermath.told();
    summary.predict_us *= part;
    summary.suspended *= part;
    return summary;
}

}  // namespace weir::eval
