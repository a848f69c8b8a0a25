/* The field editor: add, remove and move rows. Without it the page has one empty row to fill in. */
if (!customElements.get('hw-fields')) {
  customElements.define('hw-fields', class extends HTMLElement {
    connectedCallback() {
      const body = this.querySelector('tbody'), template = this.querySelector('template');
      const show = () => this.querySelectorAll('[data-up],[data-remove],[data-add]').forEach((b) => { b.hidden = false; });
      let next = 1000;
      show();
      this.addEventListener('click', (e) => {
        const button = e.target.closest('button'), row = e.target.closest('tr');
        if (!button) return;
        if (button.hasAttribute('data-add')) {
          const made = template.content.cloneNode(true);
          made.querySelectorAll('[name]').forEach((el) => { el.name = el.name.replace('__n__', next); });
          made.querySelector('[name=row]').value = next++;
          body.append(made);
          show();
          body.lastElementChild.querySelector('input.inp').focus();
        } else if (button.hasAttribute('data-remove')) row.remove();
        else if (button.hasAttribute('data-up') && row.previousElementSibling) {
          row.previousElementSibling.before(row);
          button.focus();
        }
      });
    }
  });
}
