// classify(): rules over the words of a question. Wrong guesses cost little: too short a class buys an answer again,
// too long a one is bounded by the cascade's ttl and tightened by audits (FreshnessLearner).
#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "cascade/freshness.h"

namespace weir::cascade {
namespace {

// Phrases of small words with a '|' between them.
using Phrases = std::string_view;

constexpr std::size_t kHeadBytes = 2048;
constexpr std::size_t kTailBytes = 1024;
constexpr std::size_t kAllAskingWords = 40;  // a longer text asks in its first sentence, its last two and its questions
constexpr std::size_t kStoryWords = 60;      // a longer text carries what it asks about with it
constexpr std::size_t kSumWords = 12;        // so does one with two numbers in two sentences: a sum to be worked out

bool is_upper(char byte) {
    return byte >= 'A' && byte <= 'Z';
}
bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}
bool is_word_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || is_upper(byte) || is_digit(byte) || static_cast<unsigned char>(byte) >= 0x80;
}

template <class Holds>
bool any_of(Phrases phrases, Holds holds) {
    while (!phrases.empty()) {
        const std::size_t end = std::min(phrases.find('|'), phrases.size());
        if (holds(phrases.substr(0, end))) return true;
        phrases.remove_prefix(std::min(end + 1, phrases.size()));
    }
    return false;
}

// The text as small words with a space before and after each, sentence ends as words of their own: " what is this ? ".
// "what's" becomes "what is", "Ann's" "ann 's".
class Normal {
  public:
    explicit Normal(std::string_view text);

    struct Word {
        std::string_view text;
        bool capital = false;
    };
    const std::vector<Word>& words() const { return words_; }

    // What is asked, without the story that may come before.
    std::string asking() const;
    std::size_t numbers() const;  // without years
    std::size_t sentences() const;

  private:
    void add_word(std::string_view raw);
    void append(std::string_view lower, bool capital);

    std::string text_ = " ";
    std::vector<std::pair<std::size_t, std::size_t>> places_;  // begin and size in text_
    std::vector<bool> capitals_;
    std::vector<Word> words_;
};

Normal::Normal(std::string_view text) {
    constexpr std::string_view kCurly = "\u2019";
    for (std::size_t at = 0; at < text.size();) {
        const char byte = text[at];
        if (!is_word_byte(byte) || text.substr(at).starts_with(kCurly)) {
            const bool end = byte == '?' || byte == '!' || byte == '.' || byte == '\n';
            if (end) append(byte == '?' ? "?" : ".", false);
            if (byte == '$' || byte == '%' || byte == '#') append(text.substr(at, 1), false);
            at += is_word_byte(byte) ? kCurly.size() : 1;
            continue;
        }
        std::string raw;
        while (at < text.size()) {
            if (text.substr(at).starts_with(kCurly)) {
                raw += '\'';
                at += kCurly.size();
                continue;
            }
            const bool in_number = (text[at] == '.' || text[at] == ',') && !raw.empty() && is_digit(raw.back()) &&
                                   at + 1 < text.size() && is_digit(text[at + 1]);  // 1,000.5
            if (!is_word_byte(text[at]) && text[at] != '\'' && !in_number) break;
            raw += text[at++];
        }
        add_word(raw);
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
        words_.push_back({std::string_view(text_).substr(places_[i].first, places_[i].second), capitals_[i]});
    }
}

void Normal::append(std::string_view lower, bool capital) {
    places_.emplace_back(text_.size(), lower.size());
    capitals_.push_back(capital);
    text_ += lower;
    text_ += ' ';
}

void Normal::add_word(std::string_view raw) {
    const bool capital = is_upper(raw[0]);
    std::string lower(raw);
    for (char& byte : lower) byte = is_upper(byte) ? static_cast<char>(byte - 'A' + 'a') : byte;
    while (!lower.empty() && lower.back() == '\'') lower.pop_back();
    if (!lower.ends_with("'s")) return append(lower, capital);
    lower.resize(lower.size() - 2);
    constexpr std::array<std::string_view, 11> kWithIs{"what", "who",   "where", "when", "how", "it",
                                                       "that", "there", "here",  "he",   "she"};
    const bool contracted = std::find(kWithIs.begin(), kWithIs.end(), lower) != kWithIs.end();
    append(lower, capital);
    append(contracted ? "is" : "'s", false);
}

std::string Normal::asking() const {
    if (words_.size() <= kAllAskingWords) return text_;
    std::vector<std::string_view> sentences;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const std::string_view word = words_[i].text;
        if (word != "." && word != "?" && i + 1 != places_.size()) continue;
        const std::size_t end = places_[i].first + places_[i].second + 1;
        if (end - begin > 3) sentences.push_back(std::string_view(text_).substr(begin, end - begin));
        begin = end;
    }
    std::string asking = " ";
    for (std::size_t i = 0; i < sentences.size(); ++i) {
        if (i == 0 || i + 2 >= sentences.size() || sentences[i].ends_with("? ")) asking += sentences[i];
    }
    return asking;
}

std::size_t Normal::numbers() const {
    const auto counts = [](const Word& word) {
        const bool year = word.text.size() == 4 && (word.text.starts_with("19") || word.text.starts_with("20"));
        return is_digit(word.text[0]) && !year;
    };
    return static_cast<std::size_t>(std::count_if(words_.begin(), words_.end(), counts));
}

std::size_t Normal::sentences() const {
    std::size_t count = 0;
    bool inside = false;
    for (const Word& word : words_) {
        const bool end = word.text == "." || word.text == "?";
        if (!end && !inside) ++count;
        inside = !end;
    }
    return count;
}

// A question, ready to be asked about its words.
struct Question {
    std::string asking;
    bool story = false;

    static bool in(std::string_view text, std::string_view phrase) {
        for (std::size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
            const std::size_t end = at + phrase.size();
            if (at > 0 && text[at - 1] == ' ' && end < text.size() && text[end] == ' ') return true;
        }
        return false;
    }
    bool says(std::string_view phrase) const { return in(asking, phrase); }
    bool says_any(Phrases phrases) const {
        return any_of(phrases, [this](std::string_view phrase) { return says(phrase); });
    }
    // Also inside words: for languages that put none between spaces.
    bool has_bytes(Phrases phrases) const {
        return any_of(phrases, [this](std::string_view phrase) { return asking.find(phrase) != std::string::npos; });
    }
};

constexpr Phrases kAccountWords =
    "account|accounts|order|orders|balance|subscription|invoice|invoices|bill|bills|payment|"
    "payments|refund|appointment|appointments|booking|bookings|reservation|reservations|flight|"
    "flights|delivery|package|parcel|shipment|card|ticket|tickets|transfer|transfers|transaction|"
    "transactions|statement|statements|plan|membership|address|email|phone|salary|pension|loan|"
    "mortgage|policy|claim|claims|prescription|prescriptions|results|grade|grades|calendar|meeting|"
    "meetings|schedule|inbox|cart|wishlist|profile|password|usage|quota|points|rewards|top up|"
    "pin|record|records|case|application|contract";

bool is_one_of(std::string_view word, Phrases words) {
    return any_of(words, [word](std::string_view one) { return one == word; });
}

// "my last order", "Ann's appointment", "order # 4711".
bool names_a_persons_thing(const std::vector<Normal::Word>& words) {
    constexpr std::size_t kReach = 4;  // words between whose and what
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i].text;
        const bool mine = word == "my" || word == "our";
        const bool somebodys = word == "'s" && i > 0 && words[i - 1].capital;
        if (mine || somebodys) {
            for (std::size_t next = i + 1; next < words.size() && next <= i + kReach; ++next) {
                if (words[next].text == "." || words[next].text == "?") break;
                if (is_one_of(words[next].text, kAccountWords)) return true;
            }
        }
        if (!is_one_of(word,
                       "order|ticket|invoice|booking|reservation|tracking|case|claim|account|policy|customer|patient|"
                       "shipment|parcel|flight")) {
            continue;
        }
        std::size_t next = i + 1;
        while (next < words.size() && is_one_of(words[next].text, "number|no|id|#|nr")) ++next;
        if (next >= words.size()) continue;
        const std::string_view name = words[next].text;
        const auto digits = std::count_if(name.begin(), name.end(), is_digit);
        if (digits >= 3) return true;
    }
    return false;
}

bool is_personal(const Normal& normal, const Question& question) {
    if (question.story) return false;
    const bool states = question.says_any(
        "how much do i|how much have i|how many do i have|do i owe|did i|have i been|am i still|"
        "who am i|when do i have|am i eligible");
    if (!states && !names_a_persons_thing(normal.words())) return false;
    // How one does it is the same for all.
    return !question.says_any(
        "how do i|how can i|how to|how should i|how would i|how do you|can i|could i|may i|"
        "is it possible|what should i do|what do i do|what can i do|what happens if|what if|where do i|"
        "where can i|do i need|should i");
}

// Whatever else the text is about: nobody asks these of a story.
bool is_changing_for_certain(const Question& q) {
    if (q.says_any("as of today|breaking news|latest news|news today|today 's news|today 's headlines|in the news|"
                   "headlines today|latest headlines|current time|today 's date|current date|live score|live scores|"
                   "flight status")) {
        return true;
    }
    if (q.story) return false;
    const bool priced =
        q.says_any("price|prices|worth|value|trading|trade|cost|quote|rate|rates|market|doing|buy|sell|index");
    return priced && q.says_any(
                         "stock|stocks|share price|shares|nasdaq|dow jones|s p 500|bitcoin|btc|ethereum|eth|"
                         "dogecoin|crypto|cryptocurrency|gold|silver|crude|oil|exchange|dollar to|usd to|"
                         "eur to|euro to");
}

bool is_changing(const Question& q) {
    if (is_changing_for_certain(q)) return true;
    if (q.story) return false;
    const bool dated = q.says_any("now|today|tonight");
    if (dated || q.says_any("at the moment|at this moment|yesterday|tomorrow|this morning|this afternoon|this evening|"
                            "this week|this weekend|last night|latest|current price|current prices|current weather|"
                            "current temperature|current rate|current score|trending|news|headlines|the weather|"
                            "weather in|weather for|weather like|weather forecast|final score|score of|the score|"
                            "who won the game|who won the match|who is winning|who is leading|stock price|"
                            "stock prices|share price|exchange rate|in stock|what time is it|what is the time|"
                            "what day is it|what is the date|what date is it")) {
        return dated ||
               !q.says_any("latest version|latest release|latest stable|latest model|latest edition|fake news");
    }
    if (q.says_any("the temperature in|the temperature outside|temperature outside")) {
        return !q.says_any("celsius|kelvin|fahrenheit|degrees");
    }
    return q.has_bytes(
        "heute|jetzt gerade|aktienkurs| wetter |neueste|neuesten| hoy | ahora |\u00faltimas noticias|"
        "aujourd'hui| maintenant |m\u00e9t\u00e9o| oggi | adesso | hoje | agora |\u4eca\u5929|"
        "\u73b0\u5728|\u6700\u65b0|\u5929\u6c14|\u80a1\u4ef7|\u4eca\u65e5|\u73fe\u5728|\u5929\u6c17|"
        "\u682a\u4fa1|\uc624\ub298|\uc9c0\uae08|\ucd5c\uc2e0|\ub0a0\uc528|"
        "\u0441\u0435\u0433\u043e\u0434\u043d\u044f|\u0441\u0435\u0439\u0447\u0430\u0441|"
        "\u043f\u043e\u0433\u043e\u0434\u0430");
}

int year_of(Micros unix_micros) {
    const std::time_t seconds = unix_micros / 1'000'000;
    std::tm date{};
    gmtime_r(&seconds, &date);
    return date.tm_year + 1900;
}

// The year before, this one and the next two.
bool names_a_near_year(const Question& q, Micros now_unix) {
    const int now = year_of(now_unix);
    for (int year = now - 1; year <= now + 2; ++year) {
        if (q.says(std::to_string(year))) return true;
    }
    return false;
}

bool asks_for_an_office(const Question& q) {
    if (q.says_any("first|second|third|who was|in history")) return false;
    if (!q.says_any("who is|who are|who leads|who runs|who owns|who heads|name the|name of|current|what is the name")) {
        return false;
    }
    return q.says_any(
        "president|vice president|prime minister|ceo|cfo|cto|chairman|chairperson|king|queen|pope|"
        "governor|mayor|chancellor|minister|secretary|head of|leader|captain|coach|manager|champion|"
        "champions|director|owner|speaker|senator|senators|ambassador|monarch|chief|commissioner|"
        "chief justice");
}

bool is_slow(const Question& q, Micros now_unix) {
    if (q.story) return false;
    if (names_a_near_year(q, now_unix) || asks_for_an_office(q)) return true;
    const bool electric = q.says_any(
        "resistor|voltage|circuit|ampere|amperes|amps|electric|ocean|alternating|direct current|wire|"
        "ohm|ohms|induced");
    if (!electric && q.says_any("current|currently|nowadays|these days|so far")) return true;
    if (q.says_any("population|how many people live|net worth|richest|world record|highest paid|most popular|"
                   "top 10|top ten|top 5|top five|latest version|latest release|latest stable|latest model|"
                   "latest edition|newest|most recent|recent|recently|minimum wage|tax rate|tax rates|"
                   "interest rate|interest rates|inflation|unemployment|gdp|cost of living|price of|prices of|"
                   "cost of|how much does|how much do|how expensive|average salary|how old is|opening hours|"
                   "business hours|what time does|timetable|schedule|release date|when will|when is the next|"
                   "upcoming|this month|this year|this season|last month|last year|next month|next year|next week|"
                   "rankings|standings|still alive|how many subscribers|how many followers|how many users|"
                   "how many employees|deadline|visa requirements|return policy|shipping cost|shipping costs|"
                   "available in|supported versions")) {
        return true;
    }
    // The asker's things where how one does something is asked: rules of the house, which change now and then.
    return q.says_any("my|our") && q.says_any(kAccountWords);
}

}  // namespace

Volatility classify(std::string_view question, Micros now_unix) {
    std::string cut;
    if (question.size() > kHeadBytes + kTailBytes) {
        cut = std::string(question.substr(0, kHeadBytes)) + "\n" +
              std::string(question.substr(question.size() - kTailBytes));
        question = cut;
    }
    const Normal normal(question);
    Question asked;
    asked.asking = normal.asking();
    const std::size_t words = normal.words().size();
    const bool is_sum = words > kSumWords && normal.numbers() >= 2 && normal.sentences() >= 2;
    asked.story = words > kStoryWords || is_sum || question.find("```") != std::string_view::npos;
    if (is_changing(asked)) return Volatility::changing;
    if (is_personal(normal, asked)) return Volatility::personal;
    if (is_slow(asked, now_unix)) return Volatility::slow;
    return Volatility::timeless;
}

}  // namespace weir::cascade
