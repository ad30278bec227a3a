import type { Plot } from "./plot.js";

/** Plots about helping, growing and learning. */
export const plotsGrow: readonly Plot[] = [
  {
    name: "animal in need",
    cast: "any",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "One {weather} {dayPart} {he} was {outdoor} when {he} heard a strange sound.",
          "On a(n) {weather} {dayPart} {he} took a(n) {snack} and went for a walk. {Outdoor} {he} suddenly stopped.",
          "{He} was on {his} way to {landmark} when something moved.",
        ],
      ],
      [
        [
          "It was a(n) {creature}, {trap}. The {creature} {creature.sound}.",
          "There was a(n) {creature}, {trap}! It {creature.sound} and looked at {him} with dark eyes.",
          "Somebody needed help: a(n) {creature} sat there, {trap}. It {creature.sound}.",
        ],
        [
          '"Do not be afraid," said {hero} {~kindly}. "I will help you."',
          "{Hero} was a little {afraid}, but {he} felt sorry for the {creature}.",
          '"You poor thing," said {hero}. "Keep still, and it will soon be over."',
        ],
        [
          "Very [carefully|slowly|gently] {he} {trap.free}. At last the {creature} was free.",
          "Then {he} {trap.free}. It took a long time, but at last the {creature} could move again.",
          "{He} called {friend}, and together they thought about it. Then {hero} {trap.free}, while {friend} spoke softly to the {creature}.",
        ],
        [
          "The {creature} was hungry, and so {hero} brought it some {creature.food}. It ate every bit.",
          "{Hero} laid some {creature.food} on the ground and waited at a distance.",
          "",
        ],
        ["Then the {creature} {creature.away}.", "The {creature} looked back once more. Then it {creature.away}."],
      ],
      [
        [
          "A few days later something lay on {hero}'s doorstep: a(n) {treasure}. Nobody knew who had put it there, but {hero} had an idea.",
          "The next morning {he} saw the {creature} again, {outdoor#2}. It {creature.sound}, and it did not sound sad any more.",
          "{Hero} stood there for a long time and felt {glad}.",
          '"Did it say thank you?" asked {his} {elder}. "Yes," said {hero}, "in its own language."',
        ],
        ["{@night}"],
      ],
    ],
  },
  {
    name: "seed",
    cast: "any",
    seasons: ["spring"],
    paragraphs: [
      [
        ["{@opening}"],
        [
          'In [March|April|May] {his} {elder} gave {him} a(n) {crop}. "Such a small thing," said {hero}. "What shall I do with it?"',
          "One {time} in [March|April|May] {he} found a(n) {crop} in the pocket of an old {clothes}.",
          '"Everything big was small once," said {his} {elder}, and {e.he} put a(n) {crop} into {hero}\'s hand.',
        ],
      ],
      [
        [
          "{Hero} made a hole in the earth, laid the {crop} inside, covered it and watered it {~carefully}.",
          "So {he} filled a pot with black earth, pressed the {crop} into it and set it in the sun.",
        ],
        [
          "Then {he} waited. {He} waited for {number} days. Nothing happened.",
          "Every morning {he} ran to look. Every morning the earth was bare.",
          "On the first day nothing happened. On the second day nothing happened. On the third day it rained.",
        ],
        [
          '"It does not work," said {hero} {~sadly}. "Seeds cannot read clocks," said {his} {elder}. "Give it water, and give it time."',
          '{Friend} came and looked too. "Perhaps it is asleep," said {friend}. So they sang to it, just in case.',
          "{He} wanted to dig it up and see what was wrong, but {his} {elder} shook {e.his} head.",
          "",
        ],
        [
          "And then, on a(n) {weather} {dayPart#2}, there was something green. It was no bigger than the nail of a thumb.",
          "After {number.more} days a green tip pushed the earth aside.",
        ],
        [
          "{Hero} gave it water when it was dry and pulled out the weeds. It grew, and grew, and grew.",
          "A snail wanted to eat it, and {hero} carried the snail to the other side of the garden. The plant grew on.",
        ],
      ],
      [
        [
          "In [July|August|September] it was {crop.grown}! {Hero} called everybody, and they {crop.used}.",
          "By the end of summer {hero} had {crop.grown}. {He} and {friend} {crop.used}.",
        ],
        [
          '"And I did nothing but wait," said {hero}. "Waiting and watering," said {his} {elder}. "That is the whole secret."',
          "{He} kept one seed for the next year and put it [into an envelope|into a matchbox|into an empty jar].",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "missing ingredient",
    cast: "child",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "On {weekday} {he} wanted to make {dish} for {his} {elder}.",
          '"I am hungry," said {his} {elder}. "Then I will make {dish}," said {hero}.',
          "Guests were coming, and {hero} had promised to make {dish}.",
        ],
      ],
      [
        [
          "First {he} took {dish.first}. Then {he} added {dish.next}. But when {he} looked for the {dish.missing}, there was none left.",
          "{Hero} put {dish.first} on the table, and beside it {dish.next}. Only the {dish.missing} was missing!",
        ],
        [
          '"{Dish} without {dish.missing} is like a song without a tune," said {his} {elder}.',
          '"I cannot make {dish} without {dish.missing}," said {hero} {~sadly}.',
          "",
        ],
        [
          "So {he} ran next door, but the {neighbour} had only {neighbour.with} and no {dish.missing}.",
          "{He} asked the {neighbour}, who had {neighbour.with}, but no {dish.missing}.",
        ],
        [
          'Then {he} asked {friend}. "We have {dish.missing}," said {friend}. "May I come and stir?"',
          '"Try {friend}," said the {neighbour}. And {friend} really had some {dish.missing}. "Take it," said {friend}, "and call me when it is ready."',
        ],
        [
          "{He} ran home with the {dish.missing}, stirred and tasted, and soon the whole street smelled of {dish}.",
          "At home {he} added the {dish.missing}, stirred {number} times to the left and {number} times to the right, and waited.",
        ],
      ],
      [
        [
          "In the evening they all sat around one table: {hero}, {his} {elder}, {friend} and even the {neighbour}. Not a crumb was left.",
          '{Friend} got the first plate. "It tastes of {dish.missing}," said {friend}. "And of friendship," said {hero}.',
        ],
        [
          '"What is the best thing about {dish}?" asked {his} {elder}. "Eating it together," said {hero}.',
          "{Hero} was {glad}. {He} had cooked for one and fed a whole table.",
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "learning a skill",
    cast: "child",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "All the other children could {skill}. Only {hero} could not.",
          "{His} {elder} could {skill}, and {hero} wanted to do it too.",
          'One {weather} {dayPart} {he} saw {friend} {skill} as if it were nothing at all. "Show me how to {skill}!" begged {hero}.',
        ],
      ],
      [
        [
          "{He} tried it at once. The first attempt {skill.failed}. The second one was no better.",
          "The first attempt {skill.failed}. So did the next three.",
          "{He} tried it {~quickly}, and the attempt {skill.failed}. Somebody laughed.",
        ],
        [
          '"I shall never learn it," said {hero} {~sadly}.',
          "{He} was {sad} and wanted to go home.",
          '"It is too hard for me," {he} said, and kicked a stone.',
          "",
          "",
        ],
        [
          '"{Skill.advice}," said {his} {elder} {~kindly}. "That is all there is to it."',
          '"I fell on my nose a hundred times," said {friend}. "Listen: {skill.advice}."',
          'The {neighbour} had been watching. "May I tell you something?" asked the {neighbour}. "{Skill.advice}."',
        ],
        [
          "{Hero} practised every day, before breakfast and after school. It went badly, then less badly, then almost well.",
          "So {he} tried again, {~carefully} this time. On {weekday} it nearly worked. {He} did not give up.",
        ],
        [
          "And suddenly, on a(n) {weather#2} {dayPart#3}, it worked. {Skill.worked}!",
          "Then came the moment when {skill.worked}. {He} could {skill}!",
        ],
      ],
      [
        [
          '"Did you see that?" cried {hero}. Everybody had seen it.',
          "{He} did it again, and again, until it was dark. {He} was {glad} from head to toe.",
          "{His} {elder} clapped {e.his} hands, and {hero} made a deep bow.",
        ],
        [
          'The next day a smaller child watched {him} with big eyes. "Shall I show you?" asked {hero}. "{Skill.advice}."',
          '"Nobody is born knowing how to {skill}," {he} said later, as if {he} had always known it.',
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "playing an instrument",
    cast: "child",
    paragraphs: [
      [
        ["{@opening} {@scenery}"],
        [
          "One day {he} found a(n) {condition} {instrument} {searched}. {He} {instrument.plays}. It {instrument.bad}.",
          "{His} {elder} gave {him} a(n) {instrument}. {Hero} {instrument.plays} at once, and the {instrument} {instrument.bad}.",
        ],
      ],
      [
        [
          "The cat left the room. The {neighbour} closed the window.",
          '"Is somebody ill?" asked the {neighbour} from across the street.',
          "The dog next door began to howl, and {friend} put both hands over both ears.",
        ],
        [
          '"I am no good at it," said {hero} {~sadly}. "You are no good at it yet," said {his} {elder}. "That is a long word, yet."',
          '{Hero} wanted to hide the {instrument} {searched#2}. "Play me one single note," said {his} {elder}, "but the finest one you can."',
        ],
        [
          "So {he} played one note for a whole week. In the next week {he} played two.",
          "Every {time} {he} practised {indoor}, {number} minutes at first, and later {number.most}.",
        ],
        [
          "By the end of {season} the {instrument} {instrument.good}.",
          "Slowly something changed, and one evening the {instrument} {instrument.good}.",
        ],
      ],
      [
        [
          "Then came the summer fair, and {hero} had to play in front of everybody. {His} knees were trembling. {He} looked for one friendly face, and there was {friend}. {He} played only for {friend}, and so {he} played for all.",
          "On the market square people stood still to listen. The {neighbour} opened the window, as wide as it would go.",
          "Now the cat stayed in the room, and that was the greatest praise of all.",
        ],
        [
          "When it was over, there was no sound for a moment. Then everybody clapped, and {hero} was {glad}.",
          '"Once more!" cried {friend}, and {hero} played it once more.',
          "{@night}",
        ],
      ],
    ],
  },
  {
    name: "overcoming a fear",
    cast: "any",
    paragraphs: [
      [
        ["{@opening}"],
        [
          "{He} was afraid of hardly anything. There was only one exception: {fear}.",
          "But one thing made {him} {afraid}, and that was {fear}.",
          "There was something that {he} never told anybody: {he} was afraid of {fear}.",
        ],
      ],
      [
        [
          "{Fear.when}, {his} heart began to hammer, and {his} feet wanted to run.",
          "It was worst {fear.when}. Then {he} held {his} breath and shut {his} eyes.",
        ],
        [
          '"Shall I tell you a secret?" asked {his} {elder}. "I was {afraid} too, when I was small. I took somebody by the hand and counted to ten."',
          '{Friend} noticed it. "I am afraid of other things," said {friend}. "Let us do it together. We stop whenever you say so."',
          '"Being brave does not mean that you are not {afraid}," said {his} {elder}. "It means that you take one more step."',
        ],
        [
          "So {hero} took one step. Then {he} took another. After every step {he} waited until {his} heart was quiet again.",
          "On the first day {he} only looked from afar. On the second day {he} went a little nearer. On the third day {he} did not stop.",
          "{Hero} counted slowly from one to ten. At ten {he} opened {his} eyes.",
        ],
        ["And what happened? {Fear.like}.", "{He} could hardly believe it. {Fear.like}!"],
      ],
      [
        [
          '"Is that all?" asked {hero}, and {he} had to laugh.',
          '"I did it," said {hero}, first softly and then very loudly.',
          "{He} was so {glad} that {he} wanted to do it again at once.",
        ],
        [
          "{He} is still a little {afraid} now and then. But now {he} knows what to do: one step, and then another.",
          "Since then, whenever somebody is {afraid}, {hero} holds out a hand and counts.",
          "{@night}",
        ],
      ],
    ],
  },
];
