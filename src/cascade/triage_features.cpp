#include "cascade/triage_features.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "text/utf8.h"
#include "text/word_table.h"

namespace weir::cascade {
namespace {

using text::word_id;

enum : std::uint8_t {
    kNegation = 1,
    kFollowing = 2,
    kStatement = 4,
    kPerson = 8,
    kCondition = 16,
    kLongAnswer = 32,
    kRoman = 64,
};

constexpr std::string_view kNegations = "not except least false incorrect never neither cannot isn doesn wrong";
constexpr std::string_view kFollowings = "following";
constexpr std::string_view kStatements = "statement statements";
constexpr std::string_view kPersons = "he she his her him hers";
constexpr std::string_view kConditions = "if";
constexpr std::string_view kLongAnswers =
    "explain why write prove describe discuss compare summarize summarise translate essay story derive justify";
constexpr std::string_view kRomans = "ii iii";

constexpr std::size_t kMarked = text::count_words(kNegations) + text::count_words(kFollowings) +
                                text::count_words(kStatements) + text::count_words(kPersons) +
                                text::count_words(kConditions) + text::count_words(kLongAnswers) +
                                text::count_words(kRomans);
using MarkTable = text::WordTable<std::uint8_t, kMarked>;

constexpr MarkTable make_marks() {
    std::array<MarkTable::Entry, kMarked> entries{};
    std::size_t count = 0;
    const auto add = [&](std::string_view list, std::uint8_t mark) {
        text::for_each_word(list, [&](std::string_view word) { entries[count++] = {word_id(word), mark}; });
    };
    add(kNegations, kNegation);
    add(kFollowings, kFollowing);
    add(kStatements, kStatement);
    add(kPersons, kPerson);
    add(kConditions, kCondition);
    add(kLongAnswers, kLongAnswer);
    add(kRomans, kRoman);
    return MarkTable(entries);
}
constexpr MarkTable kMarks = make_marks();
static_assert(kMarks.unique());

constexpr std::size_t kLongestMarkedWord = 10;
constexpr std::size_t kLongWordBytes = 9;
constexpr std::uint64_t kSystemSalt = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t kHistorySalt = 0xD1B54A32D192ED03U;

std::uint64_t mixed(std::uint64_t value) {  // the finish of SplitMix64
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_small(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}

float log_of(double count) {
    return static_cast<float>(std::log1p(count));
}

// The first and the last half of what is allowed.
std::string_view bounded(std::string_view whole, std::size_t most_bytes, std::string& keep) {
    if (whole.size() <= most_bytes) return whole;
    keep.reserve(most_bytes + 1);
    keep.append(whole.substr(0, most_bytes / 2));
    keep += '\n';
    keep.append(whole.substr(whole.size() - most_bytes / 2));
    return keep;
}

struct Choices {
    std::size_t question_bytes = 0;
    std::size_t count = 0, bytes = 0, longest = 0, shortest = 0;
    std::size_t with_digits = 0, digits_only = 0;
};

// The letter that labels a line as a choice, and where the choice's own text begins.
std::optional<std::size_t> choice_begin(std::string_view line, char label) {
    std::size_t at = line.find_first_not_of(" \t");
    if (at == std::string_view::npos) return {};
    if (line[at] == '(') ++at;
    if (at + 1 >= line.size() || line[at] != label) return {};
    ++at;
    if (line[at] != '.' && line[at] != ')' && line[at] != ':') return {};
    ++at;
    while (at < line.size() && line[at] == ' ') ++at;
    return at;
}

// The last list of choices: a line labelled A begins it anew, lines without a label belong to what stands before.
Choices find_choices(std::string_view text) {
    Choices found;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        const std::size_t line_at = at;
        at = end + 1;
        auto begin = choice_begin(line, 'A');
        if (begin) {
            found = {};
            found.question_bytes = line_at;
        } else if (found.count > 0 && found.count < 26) {
            begin = choice_begin(line, static_cast<char>('A' + found.count));
        }
        if (!begin) continue;
        const std::string_view choice = line.substr(*begin);
        bool digits = false, other = false;
        for (const char c : choice) {
            digits = digits || is_digit(c);
            other = other || is_small(c) || is_capital(c) || static_cast<unsigned char>(c) >= 0x80;
        }
        ++found.count;
        found.bytes += choice.size();
        found.longest = std::max(found.longest, choice.size());
        found.shortest = found.count == 1 ? choice.size() : std::min(found.shortest, choice.size());
        found.with_digits += digits;
        found.digits_only += digits && !other;
    }
    if (found.count < 2) {
        found = {};
        found.question_bytes = text.size();
    }
    return found;
}

// Which buckets are taken: each gram counts once.
class Buckets {
  public:
    explicit Buckets(std::vector<std::uint32_t>& taken) : taken_(taken) {}
    bool take(std::uint64_t hash) {
        const auto bucket = static_cast<std::uint32_t>(mixed(hash) >> 32U) % kGramBuckets;
        std::uint64_t& word = seen_[bucket / 64];
        const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
        if ((word & bit) != 0) return false;
        word |= bit;
        taken_.push_back(bucket);
        return true;
    }

  private:
    std::array<std::uint64_t, kGramBuckets / 64> seen_{};
    std::vector<std::uint32_t>& taken_;
};

struct Counts {
    std::size_t words = 0, word_bytes = 0, capitalised = 0, long_words = 0, distinct = 0;
    std::size_t numbers = 0, digits = 0, decimals = 0;
    std::size_t symbols = 0, operators = 0, non_ascii = 0, code_marks = 0, sentences = 0;
    std::uint8_t marks = 0;
    bool which_following = false, all_of_the = false, quantity = false;
    bool question_mark = false, blank = false, quotation = false, percent = false, currency = false, slash = false;
};

class Scanner {
  public:
    Scanner(std::string_view text, std::size_t question_bytes, std::uint64_t salt, Buckets& buckets)
        : text_(text), question_bytes_(question_bytes), salt_(salt), buckets_(buckets) {}

    const Counts& run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
                ++at_;
            } else if (is_digit(c)) {
                number();
            } else if (is_small(c) || is_capital(c)) {
                word();
            } else if (static_cast<unsigned char>(c) < 0x80) {
                sign(c);
            } else {
                foreign();
            }
        }
        return counts_;
    }

  private:
    void gram(std::uint64_t id, bool is_word) {
        const bool fresh = buckets_.take(id ^ salt_);
        if (is_word) counts_.distinct += fresh;
        buckets_.take(before_ * 0x9FB21C651E98DF25U + (id ^ salt_) + 1);
        before_ = id;
    }

    void number() {
        const std::size_t begin = at_;
        std::uint64_t id = word_id("");
        while (at_ < text_.size() && is_digit(text_[at_])) id = text::word_id_step(id, text_[at_++]);
        counts_.digits += at_ - begin;
        const bool goes_on =
            begin >= 2 && (text_[begin - 1] == '.' || text_[begin - 1] == ',') && is_digit(text_[begin - 2]);
        counts_.decimals += goes_on && text_[begin - 1] == '.';
        counts_.numbers += !goes_on;
        gram(id, false);
        recent_ = {};
    }

    // Letters of any script but those written without spaces.
    void word() {
        const std::size_t begin = at_;
        std::uint64_t id = word_id("");
        bool capital = is_capital(text_[at_]);
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (is_small(c)) {
                id = text::word_id_step(id, c);
                ++at_;
            } else if (is_capital(c)) {
                id = text::word_id_step(id, static_cast<char>(c - 'A' + 'a'));
                ++at_;
            } else if (static_cast<unsigned char>(c) >= 0x80) {
                const text::CodePoint point = text::decode(text_, at_);
                if (!text::is_letter(point.value) || text::is_cjk(point.value)) break;
                if (at_ == begin) capital = text::is_capital(point.value);
                char small[4];
                const std::size_t size = text::encode(text::to_lower(point.value), small);
                for (std::size_t i = 0; i < size; ++i) id = text::word_id_step(id, small[i]);
                ++counts_.non_ascii;
                at_ += point.size;
            } else {
                break;
            }
        }
        finish_word(id, at_ - begin, capital);
    }

    void finish_word(std::uint64_t id, std::size_t bytes, bool capital) {
        ++counts_.words;
        counts_.word_bytes += bytes;
        counts_.capitalised += capital && bytes > 1;
        counts_.long_words += bytes >= kLongWordBytes;
        if (bytes <= kLongestMarkedWord) {
            if (const std::uint8_t* const mark = kMarks.find(id)) counts_.marks |= *mark;
        }
        gram(id, true);
        phrases(id);
    }

    void phrases(std::uint64_t id) {
        static constexpr std::uint64_t of = word_id("of"), the = word_id("the"), following = word_id("following"),
                                       which = word_id("which"), all = word_id("all"), none = word_id("none"),
                                       both = word_id("both"), how = word_id("how"), many = word_id("many"),
                                       much = word_id("much");
        if (id == the && recent_[0] == of) {
            counts_.all_of_the = counts_.all_of_the || recent_[1] == all || recent_[1] == none || recent_[1] == both;
        }
        if (id == following && recent_[0] == the && recent_[1] == of && recent_[2] == which) {
            counts_.which_following = true;
        }
        if ((id == many || id == much) && recent_[0] == how) counts_.quantity = true;
        recent_ = {id, recent_[0], recent_[1]};
    }

    void sign(char c) {
        const bool next_same = at_ + 1 < text_.size() && text_[at_ + 1] == c;
        switch (c) {
            case '.':
            case '!':
                sentence_end();
                break;
            case '?':
                sentence_end();
                counts_.question_mark = counts_.question_mark || at_ < question_bytes_;
                break;
            case '_':
                counts_.blank = counts_.blank || next_same;
                ++counts_.symbols;
                break;
            case ',':
            case ':':
            case '-':
            case '(':
            case ')':
            case '\'':
                break;
            case ';':
                ++counts_.code_marks;
                break;
            case '"':
                counts_.quotation = true;
                break;
            default:
                symbol(c);
        }
        gram(text::word_id_step(word_id(""), c), false);
        recent_ = {};
        ++at_;
    }

    void symbol(char c) {
        ++counts_.symbols;
        counts_.percent = counts_.percent || c == '%';
        counts_.currency = counts_.currency || c == '$';
        counts_.slash = counts_.slash || c == '/';
        counts_.operators += c == '=' || c == '+' || c == '*' || c == '/' || c == '^' || c == '<' || c == '>';
        counts_.code_marks += c == '{' || c == '}' || c == '`' || c == '\\';
    }

    void sentence_end() {
        if (at_ >= question_bytes_) return;
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
        counts_.sentences += next == ' ' || next == '\n' || next == '"';
    }

    void foreign() {
        const text::CodePoint point = text::decode(text_, at_);
        const bool single = text::is_cjk(point.value);
        if (text::is_letter(point.value) && !single) return word();
        ++counts_.non_ascii;
        at_ += point.size;
        if (text::is_space(point.value)) return;
        if (single) return finish_word(mixed(point.value), point.size, false);
        ++counts_.symbols;
        counts_.quotation = counts_.quotation || (point.value >= 0x201C && point.value <= 0x201E);
        counts_.currency = counts_.currency || point.value == 0x20AC || point.value == 0xA3;
        gram(mixed(point.value), false);
        recent_ = {};
    }

    std::string_view text_;
    std::size_t question_bytes_;
    std::uint64_t salt_;
    Buckets& buckets_;
    std::size_t at_ = 0;
    std::uint64_t before_ = 0;
    std::array<std::uint64_t, 3> recent_{};  // the words before, the nearest first
    Counts counts_;
};

// `user_bytes`: of the whole, where `user` is an excerpt.
PromptFeatures features_of(std::string_view system, std::string_view user, std::size_t user_bytes,
                           std::string_view history) {
    std::string keep_user, keep_system, keep_history;
    const std::string_view text = bounded(user, kMostUserBytes, keep_user);
    const Choices choices = find_choices(text);
    PromptFeatures features;
    features.grams.reserve(std::min<std::size_t>(text.size() / 2 + 16, 4096));
    Buckets buckets(features.grams);
    const Counts seen = Scanner(text, choices.question_bytes, 0, buckets).run();
    Scanner(bounded(system, kMostSystemBytes, keep_system), 0, kSystemSalt, buckets).run();
    Scanner(bounded(history, kMostHistoryBytes, keep_history), 0, kHistorySalt, buckets).run();
    add_intents(system, user, features.signals);

    const auto words = static_cast<double>(std::max<std::size_t>(seen.words, 1));
    const auto share = [&](std::size_t count) { return static_cast<float>(static_cast<double>(count) / words); };
    const auto log_count = [](std::size_t count) { return log_of(static_cast<double>(count)); };
    const auto flag = [](bool is) { return is ? 1.0F : 0.0F; };
    const auto marked = [&](std::uint8_t mark) { return flag((seen.marks & mark) != 0); };
    const auto set = [&](PromptNumber which, float value) {
        features.numbers[static_cast<std::size_t>(which)] = value;
    };
    using N = PromptNumber;
    const std::size_t beyond = user_bytes - std::min(user_bytes, text.size()) + (text.size() > kMostUserBytes ? 1 : 0);
    set(N::log_bytes, log_count(user_bytes));
    set(N::log_question_bytes, log_count(choices.question_bytes + beyond));
    set(N::log_words, log_count(seen.words));
    set(N::choices, static_cast<float>(choices.count));
    if (choices.count > 0) {
        set(N::log_mean_choice_bytes, log_of(static_cast<double>(choices.bytes) / static_cast<double>(choices.count)));
        set(N::log_longest_choice_bytes, log_count(choices.longest));
        set(N::log_shortest_choice_bytes, log_count(choices.shortest));
        set(N::has_tiny_choice, flag(choices.shortest <= 3));
    }
    set(N::log_choices_with_digits, log_count(choices.with_digits));
    set(N::choices_of_digits_only, static_cast<float>(choices.digits_only));
    set(N::log_numbers, log_count(seen.numbers));
    set(N::numbers_per_word, share(seen.numbers));
    set(N::log_digits, log_count(seen.digits));
    set(N::log_decimals, log_count(seen.decimals));
    set(N::mean_word_bytes, share(seen.word_bytes));
    set(N::capitalised_share, share(seen.capitalised));
    set(N::long_word_share, share(seen.long_words));
    set(N::distinct_word_share, share(seen.distinct));
    const std::string_view question = text.substr(0, choices.question_bytes);
    set(N::question_line_ends, log_count(static_cast<std::size_t>(std::count(question.begin(), question.end(), '\n'))));
    set(N::log_question_sentences, log_count(seen.sentences));
    set(N::question_mark, flag(seen.question_mark));
    set(N::blank, flag(seen.blank));
    set(N::negation, marked(kNegation));
    set(N::which_of_the_following, flag(seen.which_following));
    set(N::following, marked(kFollowing));
    set(N::all_of_the, flag(seen.all_of_the));
    set(N::roman_numerals, marked(kRoman));
    set(N::statement, marked(kStatement));
    set(N::quotation, flag(seen.quotation));
    set(N::person, marked(kPerson));
    set(N::condition, marked(kCondition));
    set(N::log_symbols, log_count(seen.symbols));
    set(N::log_operators, log_count(seen.operators));
    set(N::log_non_ascii, log_count(seen.non_ascii));
    set(N::percent, flag(seen.percent));
    set(N::currency, flag(seen.currency));
    set(N::slash, flag(seen.slash));
    set(N::quantity_asked, flag(seen.quantity));
    set(N::long_answer_asked, marked(kLongAnswer));
    set(N::log_code_marks, log_count(seen.code_marks));
    set(N::log_system_bytes, log_count(system.size()));
    return features;
}

}  // namespace

PromptFeatures prompt_features(std::string_view system, std::string_view user, std::string_view history) {
    return features_of(system, user, user.size(), history);
}

PromptFeatures prompt_features(const wire::ChatRequest& chat) {
    const wire::RecentTurns& turns = chat.recent;
    std::string question, history;
    std::size_t bytes = 0;
    bool asked = false;
    for (std::size_t back = 0; back < turns.kept(); ++back) {
        const wire::RecentTurns::Turn& turn = turns.back(back);
        if (!asked && turn.role == wire::RecentTurns::Role::user) {
            asked = true;
            const std::size_t spelled = wire::append_content(chat, turn.content, 2 * kMostUserBytes, question);
            bytes = spelled > 2 * kMostUserBytes ? spelled : question.size();
        } else if (history.size() < kMostHistoryBytes) {
            wire::append_content(chat, turn.content, kMostHistoryBytes / 2, history);
            history += '\n';
        }
    }
    PromptFeatures features = features_of(chat.system_text, question, bytes, history);
    add_conversation(chat, question, features.signals);
    return features;
}

}  // namespace weir::cascade
