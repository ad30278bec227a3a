import type { Plot } from "./plot.js";

/** Plots about friends and neighbours. */
export const plotsTogether: readonly Plot[] = [
  {
    name: "sharing",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "{He} had a(n) {condition} {colour} {toy}, and nobody else was allowed to touch it.",
          "{His} {elder} had brought {him} a(n) {colour} {toy} from the {market}. {Hero} {toy.did} all {time}.",
        ],
      ],
      [
        [
          '{Friend} came and watched. "May I have a turn?" asked {friend}. "No," said {hero}. "It is mine."',
          '"What a beautiful {toy}!" said {friend}. "Can I try it?" But {hero} shook {his} head and held the {toy} behind {his} back.',
        ],
        [
          "{Friend} said nothing and went away [with a sigh|with slow steps|without looking back].",
          "{Friend} looked {sad} and sat down {outdoor}, all alone.",
        ],
        [
          "Now {hero} had the {toy} to {himself}. {He} {toy.did}. But there was nobody to see it, and nobody to laugh with.",
          "{Hero} went on {toy.doing}, but somehow it was not fun any more. The {time} was very quiet.",
        ],
        [
          '"Why is {friend} not here?" asked {his} {elder}. {Hero} looked at the ground.',
          "",
          "{He} thought of all the things that {friend} had shared with {him}: the {snack}, the umbrella, the secret place {hideout}.",
        ],
        [
          'Then {he} took the {toy} and ran to the {outdoor.bare}. "I am sorry," {he} said. "You go first."',
          '{Hero} took a deep breath and went to {friend}. "I was selfish," said {hero}. "Here. It is your turn as long as you like."',
        ],
      ],
      [
        [
          "They took turns until the sun went down. With two of them it was more than twice as much fun.",
          "{Friend} had an idea that {hero} would never have had, and they played a completely new game with the {toy}.",
          "{Friend} smiled, and {hero} smiled too. They played until the {elder} called for supper.",
        ],
        [
          "A(n) {toy} can get lost or break, but a friend like {friend} stays.",
          "{Hero} was {glad}, because now the {toy} was no longer lonely, and neither was {he}.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "new neighbour",
    cast: "child",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "One {weather} {dayPart} a van stopped in front of the house next door. Somebody carried in a bed, a(n) {toy} and a great many boxes.",
          "In {month} a new family moved in across the street. With them came a(n) {f.kind} of {hero}'s age.",
        ],
      ],
      [
        [
          "The new {f.kind} sat on the steps and looked {sad}. {Hero} looked through the fence and did not know what to say.",
          "{Hero} waved. The new {f.kind} did not wave back and ran into the house.",
        ],
        [
          '"Perhaps {f.he} is only shy," said {his} {elder}. "Everything here is strange and new."',
          '"Somebody has to say the first word," said {his} {elder}. "Words are heavy only until they are out."',
        ],
        [
          "So {hero} put a(n) {snack} on a plate, walked over and rang the bell. {His} heart was beating fast.",
          "{Hero} drew a map of the street: here {landmark}, there the bakery, and a cross {hideout}. {He} pushed it under the door.",
          "{Hero} took {his} {toy} and sat down on the steps, not too near and not too far away.",
        ],
        [
          '"I am {hero}," {he} said. "I live over there." For a while nothing happened. "My name is {friend}," said the {f.kind} at last.',
          'The door opened a crack. "I am {friend}," said a voice. "Who are you?" "{Hero}," said {hero}. "Do you also like to {hobby}?"',
        ],
        [
          "It turned out that {friend} loved to {hobby#2}, and {hero} had always wanted to know how that was done.",
          "{Friend} fetched a(n) {treasure} and showed it to {hero}. {Treasure.note}, and both of them bent over it.",
        ],
      ],
      [
        [
          "By supper time they had made {number} plans, and a secret sign, and a telephone of tins and string.",
          "The next day {friend} was already waiting at the gate. They played {outdoor} and did not come back until it was dark.",
        ],
        [
          '"Is it still strange here?" asked {hero}. "Yes," said {friend}, "but not with you."',
          "Now {hero} had a friend next door, and the street was a different street.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "telling the truth",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "One {weather} {dayPart} {he} ran through the house although it was not allowed. There was a crash. The {colour} {vase} of {his} {elder} lay on the floor in {number} pieces.",
          "{His} {elder} had a(n) {colour} {vase}, and nobody was allowed to touch it. {Hero} only wanted to look at it from below. Then it fell, and it broke.",
        ],
      ],
      [
        [
          "{Hero} looked to the left and to the right. Nobody had seen it. Then {he} [quickly|hurriedly] hid the pieces {searched}.",
          "{He} was {afraid}. Without thinking {he} swept the pieces together and put them {searched}.",
        ],
        [
          '"Where is my {vase}?" asked {his} {elder} in the evening. "I do not know," said {hero}. "Perhaps it was the cat."',
          '"Have you seen my {vase}?" asked {his} {elder}. "No," said {hero}. "Perhaps the cat has." It was only a small lie, but it felt as heavy as a stone.',
        ],
        [
          "At supper the {snack} tasted of nothing. At night {hero} lay awake and listened to {sound}.",
          "The cat got no milk that evening. It looked at {hero} with round eyes, and {he} could not bear it.",
          "",
          '{He} told {friend} about it. "A lie grows," said {friend}. "Mine was as small as a pea, and then it did not fit through the door."',
        ],
        [
          'In the morning {he} went to {his} {elder}. "It was me," {he} said {~sadly}. "I broke the {vase}, and I said that it was the cat. I am sorry."',
          'At last {hero} got up, took the pieces and put them in front of {his} {elder}. "It was not the cat," {he} said. "It was me."',
        ],
      ],
      [
        [
          '{His} {elder} was silent for a while. Then {e.he} nodded. "I am sad about the {vase}, but I am glad that you told me."',
          '"That was harder than climbing a mountain, was it not?" said {his} {elder}, and {e.he} put an arm around {him}.',
        ],
        [
          "Together they glued the {vase}, piece by piece. One piece was never found, and there they put {flower}.",
          "They glued the {number} pieces together. The {vase} was not as beautiful as before, but it stood in its place again.",
        ],
        ["And the cat? The cat got a whole saucer of milk.", "{Hero} felt as light as a feather. {@night}", "{@night}"],
      ],
    ],
  },
  {
    name: "the race",
    cast: "any",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "Every {season} there was a race from {landmark} to {landmark#2}. This time {hero} wanted to win.",
          '"I am faster than you," said {friend}. "No, I am faster," said {hero}. So they decided to race to {landmark#2}.',
        ],
      ],
      [
        [
          "It was a(n) {weather} {dayPart}, and {weather.sky}. One, two, three, and off they went!",
          "Somebody dropped a(n) {colour} handkerchief, and everybody ran.",
        ],
        [
          "{Hero} was in front. {He} could already see {landmark#2}. Then {he} heard a cry.",
          "At first {friend} led, and then {hero}. But near the end there was a thud, and then silence.",
        ],
        [
          "{He} turned round. {Friend} had tripped over a root and was holding one knee.",
          "{Friend} had fallen and could not get up.",
        ],
        [
          "{Hero} stopped. {Landmark#2} was so near! The others ran past, one after another.",
          "For one moment {hero} thought of the prize. Then {he} thought of {friend}.",
          "",
        ],
        [
          '{He} went back, wiped off the dirt and tied {his} {clothes} around the knee. "Lean on me," {he} said.',
          '"Does it hurt?" asked {hero}. {Friend} nodded. "Then we will walk together," said {hero}.',
        ],
      ],
      [
        [
          "They were the last to arrive, arm in arm. And strangely enough, the people clapped for them the longest.",
          "When they came to {landmark#2} at last, the prize had long been given away. It was a(n) {snack}, and the winner broke it into three pieces: one for {hero}, one for {friend}, and one for the winner.",
        ],
        [
          '"You would have won," said {friend}. "I did win," said {hero}. "I still have you."',
          '"Next year we will race again," said {friend}. "But slowly," said {hero}.',
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "building together",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          'On {weekday} {he} had an idea. "Let us make a(n) {building}!" {he} said to {friend}.',
          '"What shall we do today?" asked {friend}. "We could make a(n) {building}," said {hero}.',
        ],
      ],
      [
        [
          "They gathered {building.of} and carried everything to a good spot {outdoor}. {@outdoors}",
          "{Hero} brought {building.of}, and {friend} drew a plan on the back of an envelope.",
        ],
        [
          "They worked [quickly|eagerly|cheerfully], and by noon the {building} was there. But after a few minutes it began to lean, and then it fell down.",
          "At first everything went well. Then there was a crack, and the whole {building} collapsed.",
        ],
        [
          '"That was your fault," said {hero}. "No, it was yours," said {friend}. They turned their backs on each other.',
          "Both of them were {sad}, and neither said a word.",
          '"All that work for nothing," said {friend} {~sadly}.',
          "",
        ],
        [
          'After a while {hero} walked around the ruins. "Now I understand," {he} said. "{Building.fault}."',
          '{Friend} looked at it closely. "I think {building.fault}," said {friend}. "What we need is {building.mend}."',
          'The {neighbour} stopped, with {neighbour.with}. "It is quite simple," said the {neighbour}. "{Building.fault}. Try it with {building.mend}."',
        ],
        [
          "So they began again, and this time they made it with {building.mend}. {Hero} held on, and {friend} tied the knots.",
          "With {building.mend} it went much better. They took turns to push and to pull.",
        ],
      ],
      [
        [
          "In the evening the {building} stood there, a bit crooked but strong. It was just right for {building.good}.",
          "Now the {building} held, even when both of them jumped up and down next to it. From then on they used it for {building.good}.",
        ],
        ["{@thanks}", '"The first one was only practice," said {hero}, and both were {glad}.', "{@night}"],
      ],
    ],
  },
];
