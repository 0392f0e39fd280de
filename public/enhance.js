// Every page works without this file; it only saves people some work.

const status = document.createElement('p');
status.className = 'visually-hidden';
status.setAttribute('role', 'status');
document.body.append(status);

function makeButton(label) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button secondary';
  button.textContent = label;
  return button;
}

// The clipboard exists only in secure contexts; a button that cannot work is not shown.
function offerCopy(source) {
  if (!navigator.clipboard) return;
  const { copy, copyLabel, copiedLabel } = source.dataset;
  const button = makeButton(copyLabel);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(copy || source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = status.textContent = copiedLabel;
    setTimeout(() => {
      button.textContent = copyLabel;
      status.textContent = '';
    }, 4000);
  });
  source.after(button);
}

// The label stays and aria-pressed tells the state: a label that changes as well would say it twice.
function offerToShow(input) {
  const button = makeButton(input.dataset.showLabel);
  const show = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
  };
  show(false);
  button.setAttribute('aria-controls', input.id);
  button.addEventListener('click', () => show(input.type === 'password'));
  // Browsers keep what was typed into a text field for later; a password must not end up there.
  input.form?.addEventListener('submit', () => show(false));
  input.after(button);
}

function inWords(seconds) {
  const [amount, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 3600
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour'];
  const style = { style: 'unit', unit, unitDisplay: 'long' };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(amount);
}

// Silent while it runs, for a screen reader would read every second of it aloud; the end is told once.
function countDown(element) {
  const { countdown, countdownText = '{}', countdownDone } = element.dataset;
  const end = Date.now() + Number(countdown) * 1000;
  element.setAttribute('aria-live', 'off');
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      element.textContent = countdownText.replace('{}', inWords(left));
      return;
    }
    clearInterval(timer);
    if (countdownDone) element.textContent = status.textContent = countdownDone;
  }, 1000);
}

document.querySelectorAll('[data-copy]').forEach(offerCopy);
document.querySelectorAll('[data-password]').forEach(offerToShow);
document.querySelectorAll('[data-countdown]').forEach(countDown);
document.querySelector('.error-summary')?.focus();
