// See route_words.h.
#include "collector/span/route_words.h"

#define BITS_EACH  2
#define LENGTH_MAX 40 // no word is longer

// What a triple of each level costs: usual, fair, rare, next to never.
static const unsigned level_cost[] = {0, 1, 3, 7};

// The most that a word of a length may cost, in hundredths of a triple's average. Of dictionary words that the table
// was not made from 1 in 200 costs more; of random letters 8 in 100 of five, 1 in 100 of eight, next to none of ten
// cost less.
static unsigned cost_limit(size_t n)
{
    static const unsigned limits[] = {[3] = 200, [4] = 180, [5] = 170, [6] = 150, [7] = 140, [8] = 130, [9] = 120};
    return n < sizeof limits / sizeof limits[0] ? limits[n] : 110;
}

static unsigned level_of(unsigned a, unsigned b, unsigned c)
{
    unsigned at = (a * ROUTE_WORDS_LETTERS + b) * ROUTE_WORDS_LETTERS + c;
    return route_words_levels[at / 4] >> (at % 4 * BITS_EACH) & 3;
}

bool route_words_plausible(struct str letters)
{
    unsigned before = 0, last = 0, cost = 0;
    if (letters.n < 3)
        return true;
    if (letters.n > LENGTH_MAX)
        return false;
    for (size_t i = 0; i < letters.n; i++) {
        unsigned letter = ((unsigned char)letters.p[i] | 0x20) - 'a' + 1;
        cost += level_cost[level_of(before, last, letter)];
        before = last;
        last = letter;
    }
    cost += level_cost[level_of(before, last, 0)];
    return cost * 100 <= cost_limit(letters.n) * (letters.n + 1);
}
