// Every page works without this file.

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

// The clipboard exists only in secure contexts. Without it there is no button.
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

// aria-pressed has the state: a changing label would announce it twice.
function offerToShow(input) {
  const button = makeButton(input.dataset.showLabel);
  const show = (shown) => {
    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
  };
  show(false);
  button.setAttribute('aria-controls', input.id);
  button.addEventListener('click', () => show(input.type === 'password'));
  // Browsers remember values of text fields; a password must not be one of them.
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

// Not live: a screen reader would read every second aloud. The end is announced once.
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
